"""What a reader refuses (format-spec.md §9.8): a class for each, with the place in the file.

`exit_code` is that of tacho-audit: 2 damage or forgery, 3 incomplete, 5 input or output, 6 unknown
version or algorithm. `code` is the name in `verify --json`.
"""

# Of several findings the first in this order decides how a program ends.
SEVEREST_FIRST = (4, 2, 3, 5, 6, 7)

_COPY = "replace the file by a copy with the right SHA-256"
_WHOLE = "put back the whole file from a copy with the right SHA-256"
_NEWER = "read it with a newer reader"


class Malformed(Exception):
    """What a block's columns say is not possible. Becomes a BlockColumns of its file and block."""


class Unknown(Malformed):
    """What a later format may mean. Becomes an UnknownCodec."""


class AuditError(Exception):
    """A refusal. `file` is a name without directory; `from_byte`…`to_byte` (excluded) or None."""

    code = "error"
    exit_code = 2
    advice = _COPY

    def __init__(self, file, what, block=None, from_byte=None, to_byte=None):
        self.file, self.what, self.block = file, what, block
        self.from_byte, self.to_byte = from_byte, to_byte
        places = [file]
        if block is not None:
            places.append(f"block {block}")
        if from_byte is not None:
            places.append(f"bytes {from_byte}-{to_byte}")
        super().__init__(f"{': '.join(places)}: {what}; {self.advice}")

    def as_dict(self):
        """The finding as `verify --json` prints it."""
        found = {"type": "finding", "file": self.file, "code": self.code, "exit": self.exit_code,
                 "block": self.block, "from_byte": self.from_byte, "to_byte": self.to_byte,
                 "message": str(self)}
        return {key: value for key, value in found.items() if value is not None}


def _refusal(name, code, exit_code, advice, doc):
    return type(name, (AuditError,), {"code": code, "exit_code": exit_code, "advice": advice,
                                      "__doc__": doc, "__module__": __name__})


def _damage(name, code, doc):
    return _refusal(name, code, 2, _COPY, doc)


Unreadable = _refusal("Unreadable", "io", 5, "check the disk and the file's permissions",
                      "The file or directory cannot be read.")
NoSegments = _refusal("NoSegments", "no_segments", 3, "name a directory with segments, DIR/audit",
                      "The directory holds no segment.")

CutHeader = _refusal("CutHeader", "cut_header", 3, _WHOLE, "Fewer bytes than a header has.")
NoSegment = _damage("NoSegment", "not_a_segment", "The file does not begin with the magic.")
UnknownVersion = _refusal("UnknownVersion", "unknown_version", 6, _NEWER, "Another major version.")
VersionsDiffer = _damage("VersionsDiffer", "versions_disagree", "The two ends name two versions.")
HeaderChecksum = _damage("HeaderChecksum", "header_checksum", "The header's CRC32C is wrong.")
UnknownAlgorithm = _refusal("UnknownAlgorithm", "unknown_algorithm", 6, _NEWER,
                            "An algorithm this reader does not have.")
HeaderReserved = _damage("HeaderReserved", "reserved_not_zero", "Reserved bytes are not zero.")
HeaderContent = _damage("HeaderContent", "header_content", "The header says what cannot be.")
Cut = _refusal("Cut", "cut", 3, _WHOLE, "The file is shorter than its header says.")
TrailingBytes = _damage("TrailingBytes", "trailing_bytes", "Bytes follow the footer.")
FooterMagic = _damage("FooterMagic", "footer_magic", "The file does not end with the magic.")
FooterChecksum = _damage("FooterChecksum", "footer_checksum", "The footer's CRC32C is wrong.")
FooterReserved = _damage("FooterReserved", "reserved_not_zero", "Reserved bytes are not zero.")
FooterContent = _damage("FooterContent", "footer_content", "Offsets or sizes do not fit.")

LeavesChecksum = _damage("LeavesChecksum", "leaves_checksum", "The CRC32C of the leaves is wrong.")
Root = _damage("Root", "root", "The leaves do not make the footer's root.")
IndexChecksum = _damage("IndexChecksum", "index_checksum", "The CRC32C of the index is wrong.")
IndexContent = _damage("IndexContent", "index_content", "The index says what cannot be.")
NamesChecksum = _damage("NamesChecksum", "names_checksum", "The CRC32C of the names is wrong.")
NamesContent = _damage("NamesContent", "names_content", "The names are not what they must be.")
Counts = _damage("Counts", "counts", "Blocks and header count differently.")
SequenceGap = _refusal("SequenceGap", "sequence_gap", 3, _WHOLE,
                       "Interval, points and losses do not add up.")

BlockHeader = _damage("BlockHeader", "block_header", "A block's header is none.")
BlockChecksum = _damage("BlockChecksum", "block_checksum", "A block's CRC32C is wrong.")
BlockIndex = _damage("BlockIndex", "block_header", "A block is not what the index says.")
BlockLeaf = _damage("BlockLeaf", "block_leaf", "A block is not that of its leaf.")
BlockColumns = _damage("BlockColumns", "block_columns", "A block's columns do not decode.")
UnknownCodec = _refusal("UnknownCodec", "unknown_algorithm", 6, _NEWER,
                        "A column has a codec that this reader does not have.")
Amendment = _damage("Amendment", "amendment", "A record of an amendment or loss is not possible.")
AmendmentTarget = _damage("AmendmentTarget", "amendment_target", "An amendment of no fix.")
BlockOrder = _damage("BlockOrder", "block_order", "Fixes or records are not in their order.")
FileHash = _damage("FileHash", "file_hash", "The SHA-256 in the footer is not that of the file.")

FileName = _damage("FileName", "wrong_name", "The file is not named by its segment.")
MissingSegment = _refusal("MissingSegment", "missing_segments", 3, _WHOLE, "An id is missing.")
PreviousHash = _damage("PreviousHash", "chain_broken", "It does not follow the segment before.")
SequencesApart = _refusal("SequencesApart", "interval_gap", 3, _WHOLE,
                          "Sequences between two segments are in none.")
SequencesOverlap = _damage("SequencesOverlap", "interval_overlap",
                           "Sequences are in two segments.")
OtherPartition = _damage("OtherPartition", "other_partition", "It is of another partition.")


def exit_code(errors):
    """How a program ends that found these."""
    codes = {error.exit_code for error in errors}
    return next((code for code in SEVEREST_FIRST if code in codes), 0)
