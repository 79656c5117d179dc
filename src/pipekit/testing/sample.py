"""A meeting for tests of outputs: what people say, and what attackers would put into their words."""

from __future__ import annotations

__all__ = ["MARKER", "SAMPLE"]

#: Stands in every hostile part: where it turns up as anything but text, text has become markup or a formula.
MARKER = "pipekit_hostile"

SAMPLE = f"""\
Refinement of the library's app, 24 November 2026

Ada: First, search. As a reader I want to search by author so that I find a book faster.
Ada: It's done when the list is sorted by title, and when no more than fifty books are shown on a page.
Ben: Agreed. Who decides what happens with books that have two authors?
Ada: Next, the bug with <script>{MARKER}()</script> in a title: the page breaks, for everybody, since Monday.
Ben: We have to fix that now. It's done when <img src=x onerror={MARKER}()> is shown as text.
Cem: Then the export. We should let staff export loans as CSV, with a cell like =HYPERLINK("http://{MARKER}.invalid").
Cem: It's done when +cmd|' /C {MARKER}'!A0 and @SUM({MARKER}) and -2+3 stay text, too.
Ada: The export can't start until the search is done, it uses the same list.
Ben: After that, names from right to left \u202elike this {MARKER}\u202c, with | pipes | and `ticks`.
Ben: We need to show [links](javascript:{MARKER}()) and {{{{ {MARKER} }}}} right.
Ben: "Quotes", 'single ones', <!-- comments --> and ]]> may be in there, and emoji \U0001f469\u200d\U0001f4bb.
Cem: What about a game for children? Ada: No, we won't do that.
Ada: Good. Ben looks into the two authors until Friday.
"""
