// logjudge says what Go's checksum-database packages think of proofs, checkpoints and tiles.
//
// A question a line on standard input, an answer a line on standard output. The Swift program
// tacho-log-judge answers the same questions; the campaign log_proofs.py compares them.
//
//	inclusion INDEX SIZE LEAF ROOT PATH     ok or no; hashes in hex, PATH concatenated or -
//	consistency OLD SIZE OLDROOT ROOT PATH  ok or no
//	checkpoint VKEY NOTE                    ok or no; the note in base 64
//	prove-inclusion DIR SIZE ROOT INDEX     the path, from the tiles below DIR
//	prove-consistency DIR SIZE ROOT OLD     the path
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		answer, err := answer(strings.Fields(line))
		if err != nil {
			answer = "no"
			fmt.Fprintln(os.Stderr, err)
		}
		fmt.Fprintln(out, answer)
		out.Flush()
	}
}

func answer(words []string) (string, error) {
	if len(words) == 3 && words[0] == "checkpoint" {
		return "ok", checkCheckpoint(words[1], words[2])
	}
	switch {
	case len(words) == 6 && words[0] == "inclusion":
		index, size, err := numbers(words[1], words[2])
		if err != nil {
			return "", err
		}
		leaf, root, path, err := hashes(words[3], words[4], words[5])
		if err != nil {
			return "", err
		}
		return "ok", tlog.CheckRecord(path, size, root, index, leaf)
	case len(words) == 6 && words[0] == "consistency":
		old, size, err := numbers(words[1], words[2])
		if err != nil {
			return "", err
		}
		oldRoot, root, path, err := hashes(words[3], words[4], words[5])
		if err != nil {
			return "", err
		}
		return "ok", tlog.CheckTree(path, size, root, old, oldRoot)
	case len(words) == 5 && strings.HasPrefix(words[0], "prove-"):
		size, number, err := numbers(words[2], words[4])
		if err != nil {
			return "", err
		}
		root, _, _, err := hashes(words[3], words[3], "-")
		if err != nil {
			return "", err
		}
		reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles(words[1]))
		var path []tlog.Hash
		if words[0] == "prove-inclusion" {
			path, err = tlog.ProveRecord(size, number, reader)
		} else {
			path, err = tlog.ProveTree(size, number, reader)
		}
		text := ""
		for _, hash := range path {
			text += hex.EncodeToString(hash[:])
		}
		if text == "" {
			text = "-"
		}
		return text, err
	}
	return "", errors.New("what is asked is not known")
}

func numbers(a, b string) (int64, int64, error) {
	first, err := strconv.ParseInt(a, 10, 64)
	if err != nil {
		return 0, 0, err
	}
	second, err := strconv.ParseInt(b, 10, 64)
	return first, second, err
}

func hashes(a, b, path string) (first, second tlog.Hash, list []tlog.Hash, err error) {
	for _, item := range []struct {
		text string
		hash *tlog.Hash
	}{{a, &first}, {b, &second}} {
		bytes, err := hex.DecodeString(item.text)
		if err != nil || len(bytes) != tlog.HashSize {
			return first, second, nil, errors.New("a hash is none")
		}
		copy(item.hash[:], bytes)
	}
	if path == "-" {
		return first, second, nil, nil
	}
	bytes, err := hex.DecodeString(path)
	if err != nil || len(bytes)%tlog.HashSize != 0 {
		return first, second, nil, errors.New("a path is none")
	}
	for len(bytes) > 0 {
		var hash tlog.Hash
		copy(hash[:], bytes)
		list = append(list, hash)
		bytes = bytes[tlog.HashSize:]
	}
	return first, second, list, nil
}

// tiles reads the files of tlog-tiles, whose paths lack the height that Go's have.
type tiles string

func (t tiles) Height() int                     { return tileHeight }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range list {
		bytes, err := t.read(tile)
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

// read takes a wider tile where that of the width is not there, as clients may.
func (t tiles) read(tile tlog.Tile) ([]byte, error) {
	need := tile.W * tlog.HashSize
	for width := tile.W; width <= 1<<tileHeight; width++ {
		tile.W = width
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(string(t), path))
		if err == nil && len(bytes) >= need {
			return bytes[:need], nil
		}
	}
	return nil, errors.New("a tile is missing: " + tile.Path())
}

func checkCheckpoint(vkey, text string) error {
	message, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	verifier, err := verifier(vkey)
	if err != nil {
		return err
	}
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return errors.New("a checkpoint has three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || lines[1] != strconv.FormatInt(size, 10) {
		return errors.New("a checkpoint's size is none")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return errors.New("a checkpoint's root is none")
	}
	return nil
}

// verifier is Go's own for logs; for witnesses one after the text of tlog-cosignature.
func verifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("a key has three parts")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return note.NewVerifier(vkey)
	}
	sum := sha256.Sum256([]byte(parts[0] + "\n" + string(key)))
	hash := binary.BigEndian.Uint32(sum[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("a key's hash is wrong")
	}
	return witness{parts[0], hash, key[1:]}, nil
}

type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }

func (w witness) Verify(message, signature []byte) bool {
	if len(signature) != 72 {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, message)
	return ed25519.Verify(w.key, []byte(signed), signature[8:])
}
