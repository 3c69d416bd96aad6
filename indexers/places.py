"""Where an anchor lies, told by its id: to know where the hits of a search lie, no payload is read.

An id is a UUIDv8 (RFC 9562), of which 122 bits are its maker's own:

    rrrrrrrr-rrrr-8rrr-ssss-sssssssscccc    r  recording (60 bits of the digest of its id)
                                            s  start, in microseconds (46 bits, behind two of the variant)
                                            c  clip (16 bits of its id)
"""

import hashlib
import uuid

VERSION, VARIANT = 8, 2
RECORDING, PLACE, CLIP = 60, 62, 16  # bits
KIND = 15 << 14 | 3  # where version and variant stand, above the place
KIND_HERE = VERSION << 14 | VARIANT
MICROSECONDS = 1e6  # in a second


def key_of(recording: str) -> int:
    """What stands for a recording in ids."""
    return int.from_bytes(hashlib.sha256(recording.encode()).digest()[:8], "big") >> (64 - RECORDING)


def anchor_id(key: int, start: float, clip: str) -> uuid.UUID:
    """Id of an anchor.

    Parameters
    ----------
    key : int
        Of its recording (`key_of`).
    start : float
        In seconds of the recording; less than two years.
    clip : str
        Id of its clip, a UUID.
    """
    before, behind = divmod(key, 1 << 12)
    recording = ((before << 4 | VERSION) << 12 | behind) << 2 | VARIANT
    place = round(start * MICROSECONDS) << CLIP | uuid.UUID(clip).int % (1 << CLIP)
    return uuid.UUID(int=recording << PLACE | place)


def place_of(anchor: uuid.UUID) -> tuple[int, float] | None:
    """The key of an anchor's recording, and its start in seconds; None of an id of another kind."""
    recording, place = divmod(anchor.int, 1 << PLACE)
    if recording & KIND != KIND_HERE:
        return None
    before, behind = recording >> 18, (recording >> 2) % (1 << 12)
    return before << 12 | behind, (place >> CLIP) / MICROSECONDS
