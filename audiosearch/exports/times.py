"""Seconds as the formats write them."""


def clock(seconds: float, point: str = ".") -> str:
    """Hours, minutes, seconds and milliseconds.

    >>> clock(3725.5), clock(59.9996, ",")
    ('01:02:05.500', '00:01:00,000')
    """
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{point}{thousandths:03d}"


def timecode(seconds: float, rate: int) -> str:
    """Hours, minutes, seconds and frames of so many a second.

    >>> timecode(3725.52, 25)
    '01:02:05:13'
    """
    whole, frames = divmod(round(seconds * rate), rate)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{frames:02d}"


def minutes(seconds: float, rate: int) -> str:
    """Minutes, seconds and frames of so many a second; hours run on as minutes.

    >>> minutes(3725.52, 75)
    '62:05:39'
    """
    whole, frames = divmod(round(seconds * rate), rate)
    return f"{whole // 60:02d}:{whole % 60:02d}:{frames:02d}"
