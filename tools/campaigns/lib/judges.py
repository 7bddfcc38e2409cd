"""Programs that answer questions about logs, a line each."""

import subprocess

from . import process


class Judge:
    """One of them, with what it says on standard error thrown away: "no" is answer enough."""

    def __init__(self, name, command):
        self.name = name
        self.child = process.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)

    def ask(self, *words):
        self.child.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline()
        if not answer.endswith("\n"):
            raise RuntimeError(f"{self.name} gave no answer to {words[0]}")
        return answer.strip()

    def end(self):
        self.child.stdin.close()
        self.child.wait(10)


class OpenSSL:
    """Ed25519 by the command line of OpenSSL, which knows nothing of logs."""

    # SubjectPublicKeyInfo of Ed25519 up to the key (RFC 8410).
    PREFIX = bytes.fromhex("302a300506032b6570032100")

    def __init__(self, folder):
        self.folder = folder

    def verifies(self, key, message, signature):
        names = {name: self.folder / name for name in ("key", "message", "signature")}
        names["key"].write_bytes(self.PREFIX + key)
        names["message"].write_bytes(message)
        names["signature"].write_bytes(signature)
        done = process.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
                            names["key"], "-rawin", "-in", names["message"], "-sigfile",
                            names["signature"]])
        return done.returncode == 0
