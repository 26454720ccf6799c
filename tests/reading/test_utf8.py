"""What is told quickly is what Python's decoder says."""

from hypothesis import example, given
from hypothesis import strategies as st

from importer.reading.csv.utf8_check import is_utf8

parts = st.one_of(
    st.text(max_size=4).map(str.encode),
    st.binary(max_size=4),
    st.sampled_from(
        [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98", b"\x80", b"\xff", b"\xef\xbb\xbf"]
    ),
)


@given(st.lists(parts, max_size=6).map(b"".join), st.integers(1, 5))
@example("é".encode(), 1)
@example("😀".encode(), 3)
@example("a😀".encode()[:-1], 5)
@example(b"\xc3", 1)
@example(b"", 1)
def test_as_the_decoder_says_however_the_bytes_are_cut(octets: bytes, size: int) -> None:
    try:
        octets.decode("utf-8", "strict")
    except UnicodeDecodeError:
        readable = False
    else:
        readable = True
    pieces = (octets[at : at + size] for at in range(0, len(octets), size))
    assert is_utf8(pieces) is readable
