"""Texts in, passages out."""

from pathlib import Path

import pytest

from audiosearch import documents
from audiosearch.documents.part import Part
from audiosearch.errors import DocumentError


def read(name: str, content: str | bytes) -> tuple[str, list[Part]]:
    text = documents.read(Path(name), content.encode() if isinstance(content, str) else content)
    return text.title, text.parts


def test_markdown_under_its_headings() -> None:
    long = " ".join(["word"] * 60)
    title, parts = read(
        "guide.md",
        "---\nlayout: page\n---\n# Guide\n\n## Tea\n\nBoil *fresh* [water](x.html).\n\n"
        f"```sh\nrm -rf tea\n```\n\n- {long}\n- a `cup`\n\n"
        "## Coffee\n\n| how | much |\n|--|--|\n| a lot | here |\n",
    )
    assert title == "Guide"
    assert [(p.title, p.line) for p in parts] == [
        ("Guide: Tea", 8),
        ("Guide: Tea", 14),
        ("Guide: Tea", 15),
        ("Guide: Coffee", 19),
    ]
    assert parts[0].text == "Boil fresh water."
    assert parts[2].text == "a cup"
    assert parts[3].text == "how\nmuch\na lot\nhere"


def test_html_without_what_nobody_reads() -> None:
    title, parts = read(
        "page.html",
        "<html><head><title>Shop \n hours</title><style>p {}</style></head><body><nav><a>Home</a></nav>\n"
        "<h1>Hours</h1><!-- no --><div>We <b>open</b> at nine.<script>x()</script><p>And close at\nfive.\n"
        "</div><h2>Sundays</h2><ul><li>never</ul></body></html>",
    )
    assert title == "Shop hours"
    assert [(p.title, p.text, p.line) for p in parts] == [
        ("Hours", "We open at nine.\nAnd close at five.", 3),
        ("Hours: Sundays", "never", 5),
    ]


def test_html_may_lack_the_end_of_its_head() -> None:
    title, parts = read("page.html", "<html><head><title>Shop</title><body><h1>Hours</h1><p>At nine.</body>")
    assert (title, [(p.title, p.text) for p in parts]) == ("Shop", [("Hours", "At nine.")])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", "<p>We open<br>at nine,<br/>always.</p>"),
        ("a.md", "We open<br>at nine,<br />always.\n"),
        ("a.md", "| We open<br>at nine,<br/>always. |\n|--|\n"),
    ],
)
def test_a_line_break_separates_words(name: str, content: str) -> None:
    assert [p.text for p in read(name, content)[1]] == ["We open at nine, always."]


@pytest.mark.parametrize("within", ["article", "main", "section"])
def test_the_header_of_an_article_is_its_heading_and_that_of_a_page_is_left_out(within: str) -> None:
    _, parts = read(
        "page.html",
        "<header><h1>Our shop</h1><p>Menu</header>"
        f"<{within}><header><h1>Hours</h1></header><p>At nine.</{within}>",
    )
    assert [(p.title, p.text) for p in parts] == [("Hours", "At nine.")]


def test_html_in_markdown_is_read() -> None:
    _, parts = read(
        "faq.md",
        "# Help\n\n<details><summary>When?</summary>\n\nAt *nine*.\n\n</details>\n\n## Rooms\n\n"
        "<details>\n<summary>Where?</summary>\nIn the hall.\n</details>\n\n<script>x()</script>\n",
    )
    assert [(p.title, p.text, p.line) for p in parts] == [
        ("Help", "When?\nAt nine.", 3),
        ("Help: Rooms", "Where?\nIn the hall.", 12),
    ]


def test_plain_text() -> None:
    title, parts = read("notes.txt", "Notes\n\n  One thing.\nGoes on.\n\n\nAnother.\n")
    assert title == "Notes"
    assert [(p.title, p.text, p.line) for p in parts] == [("Notes", "One thing. Goes on.\nAnother.", 3)]


def test_plain_text_behind_empty_lines() -> None:
    title, parts = read("notes.txt", "\n\nNo title:\nit goes on.\n\nAnother.\n")
    assert title == "notes"
    assert [(p.title, p.text, p.line) for p in parts] == [("", "No title: it goes on.\nAnother.", 3)]
    assert read("notes.txt", "\n\nNotes\n  \nAnother.\n")[0] == "Notes"


@pytest.mark.parametrize("first", ["We open at nine.", "几点开门\uff1f", " ".join(13 * ["word"])])
def test_a_sentence_or_a_long_line_is_no_title(first: str) -> None:
    title, (part,) = read("notes.txt", f"{first}\n\nAnother.\n")
    assert (title, part.title, part.text) == ("notes", "", f"{first}\nAnother.")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "Notes\n\nOne thing.\nGoes on.\n"),
        ("a.md", "---\nlayout: page\n---\n# Guide\n\nText.\n"),
        ("a.csv", 'question,answer\nWhere?,"In the\nhall"\n'),
        ("a.jsonl", '{"question": "A?", "answer": "B."}\n{"question": "C?", "answer": "D."}\n'),
    ],
)
def test_lines_may_end_in_any_way(name: str, content: str, end: str) -> None:
    assert read(name, content.replace("\n", end)) == read(name, content)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_of_questions(separator: str) -> None:
    rows = (("Question", "tag", "Answer"), ("Where?", "x", '"In the\nhall"'), ("When?", "y", "At 5."))
    _, parts = read("faq.csv", "\ufeff" + "".join(separator.join(row) + "\n" for row in rows))
    assert [(p.title, p.text, p.line) for p in parts] == [
        ("Where?", "In the\nhall", 2),
        ("When?", "At 5.", 4),
    ]


def test_a_row_that_lacks_cells_is_passed_over_as_an_empty_one_is() -> None:
    _, parts = read("faq.csv", "question,tag,answer\nWhere?\nWhen?,,\nHow?,x,So.\n")
    assert [(p.title, p.text, p.line) for p in parts] == [("How?", "So.", 4)]


@pytest.mark.parametrize("blank", ["", "\n", "\n\n\n"])
def test_a_row_behind_empty_lines_is_in_the_line_where_it_begins(blank: str) -> None:
    first = 2 + len(blank)
    _, parts = read("faq.csv", f'question,answer\n{blank}Where?,"In the\nhall"\n{blank}When?,At 5.\n')
    assert [p.line for p in parts] == [first, first + 2 + len(blank)]
    with pytest.raises(DocumentError, match=f"line {first} has no question"):
        read("faq.csv", f"name,answer\n{blank}Where?,Here.\n")


def test_a_row_may_have_more_cells_only_if_they_are_empty() -> None:
    _, parts = read("faq.csv", "question,answer\nWhere?,Here.,,\n")
    assert [(p.title, p.text) for p in parts] == [("Where?", "Here.")]
    with pytest.raises(DocumentError, match="line 4 has more cells than columns; put text with such marks"):
        read("faq.csv", "question,answer\nWhere?,Here.\n\nWhen?,At 5, as ever.\n")


def test_an_answer_may_be_a_list_of_paragraphs_but_no_object() -> None:
    _, parts = read("faq.jsonl", '{"question": "How?", "answer": ["So.", "Or so."]}\n')
    assert [(p.title, p.text) for p in parts] == [("How?", "So. Or so.")]
    for wrong in ('"question": {"en": "A?"}, "answer": "B."', '"question": "A?", "answer": {"en": "B."}'):
        with pytest.raises(DocumentError, match="line 2 has an object where text is expected"):
            read("faq.jsonl", f"\n{{{wrong}}}\n")


def test_json_lines_with_several_questions() -> None:
    _, parts = read("faq.jsonl", '{"questions": ["Where?", "Which room?"], "answer": "The hall."}\n\n')
    assert [(p.title, p.text, p.line) for p in parts] == [("Where? Which room?", "The hall.", 1)]


def test_json_may_hold_line_separators_and_halves_of_characters() -> None:
    _, parts = read("faq.jsonl", '{"question": "Where\\ud83d?", "answer": "In\u2028the hall."}\n')
    assert [(p.title, p.text) for p in parts] == [("Where??", "In\u2028the hall.")]


def test_what_is_too_long_is_cut_between_sentences() -> None:
    sentences = [f"Sentence {i} has exactly {'very ' * 20}many words." for i in range(12)]
    _, parts = read("long.txt", " ".join(sentences))
    assert len(parts) > 1
    assert " ".join(p.text for p in parts) == " ".join(sentences)
    assert all(p.text.endswith("words.") for p in parts)
    assert max(len(p.text.split()) for p in parts) <= documents.MOST_WORDS
    _, parts = read("endless.txt", " ".join(map(str, range(1000))))
    assert [len(p.text.split()) for p in parts] == [120] * 8 + [40]


def test_chinese_is_cut_between_sentences_though_no_space_tells_them_apart() -> None:
    whole = "".join(f"这是第{number}句{'话' * (number % 20 + 5)}。" for number in range(40))
    _, parts = read("long.txt", whole)
    assert "".join(p.text for p in parts) == whole
    assert all(p.text.endswith("。") for p in parts)
    assert documents.MOST_WORDS / 2 < max(len(p.text) for p in parts) <= documents.MOST_WORDS
    endless = "".join(chr(0x4E00 + number) for number in range(300))
    _, parts = read("endless.txt", endless)
    assert [len(p.text) for p in parts] == [documents.MOST_WORDS, documents.MOST_WORDS, 60]
    assert "".join(p.text for p in parts) == endless


def test_the_same_text_is_kept_once_and_marks_alone_not_at_all() -> None:
    _, parts = read(
        "faq.jsonl", '{"question": "A?", "answer": "B."}\n' * 2 + '{"question": "C?", "answer": "--"}\n'
    )
    assert [p.text for p in parts] == ["B."]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.pdf", b"", "x.pdf is none of .md, .markdown, .html"),
        ("x.txt", b"caf\xe9", "x.txt is not UTF-8: .* at byte 3"),
        ("x.html", b"<![foo bar]>", "x.html: it is not HTML that can be read: "),
        ("x.csv", b"a,b\n1,2\n", "x.csv: line 2 has no question or no answer"),
        ("x.csv", b"question,answer\nA?,B.\nC?," + b"D" * 200_000, "line 3 is no row of a table: .* limit"),
        ("x.jsonl", b"[1]\n", "x.jsonl: line 1 is no JSON object"),
        ("x.jsonl", b"[" * 100_000, "x.jsonl is nested too deeply"),
        (
            "x.jsonl",
            b'{"question": "A?", "answer": "B."}\n{"question": }\n',
            "x.jsonl: line 2 is not JSON: Expecting value at column 14$",
        ),
    ],
)
def test_what_cannot_be_read_is_said(name: str, content: bytes, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        read(name, content)


@pytest.mark.parametrize("name", sorted(documents.READERS))
def test_an_empty_file_has_no_passages(name: str) -> None:
    assert read(f"empty{name}", "") == ("empty", [])


def test_finds_texts_in_directories(tmp_path: Path) -> None:
    for name in ("b.md", "a.TXT", "picture.png", ".git/hidden.md", "in/faq.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in documents.find([tmp_path, tmp_path / "picture.png"])]
    assert found == ["a.TXT", "b.md", "in/faq.csv", "picture.png"]
    assert list(documents.find([Path("x" * 300)])) == [Path("x" * 300)]
