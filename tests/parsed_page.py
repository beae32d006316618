"""A page as a test sees it: elements, texts and tables, by Python's own HTML parser."""

from html.parser import HTMLParser


class ParsedPage(HTMLParser):
    """The elements of a page with their attributes, the texts with the element they stand in, the tables by id."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.texts, self.open, self.tables, self.rows = [], [], [], {}, []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        self.open.append(tag)
        if tag == "table":
            self.rows = self.tables.setdefault(attributes.get("id"), [])
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("" if "data-value" not in attributes else float(attributes["data-value"]))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        where = self.open[-1] if self.open else ""
        self.texts.append((where, data))
        if where in ("td", "th") and isinstance(self.rows[-1][-1], str):
            self.rows[-1][-1] += data

    def text_of(self, tag):
        """All that stands in the elements of one name."""
        return "".join(data for where, data in self.texts if where == tag)
