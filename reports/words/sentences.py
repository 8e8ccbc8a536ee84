"""All sentences about data, to be read from top to bottom; `writing` fills their figures in.

A sentence stands beside its clause: the answer alone, which says "it" for the subject and follows
"Without the 5 documents that are repeats," where these change it. A fact whose sentence has no
clause is printed whatever repeats change.

In braces stands a figure, and behind the colon how it is written:

| form | a figure | as |
| --- | --- | --- |
| {documents:document} | a count with its noun | 1 document, 1,523 documents |
| {share:%} | a share | 22.7 % |
| {mean:+} | a mean polarity | +0.07 |
| {month:name} | a period | March 2020 |
| {months:names} | periods; more than two are counted | March 2020 and May 2020; 3 months |
| {months:count} | how many periods | 12 months |
| {months:stretch} | the first to the last period | March 2020 to May 2020 |
| {months:stretches} | periods with gaps | in March 2020 and June 2020 to July 2020 |
| {period:when} | a month or a week | in March 2020, in the week from 9 March 2020 |
| {week:first day} | a week | 9 March 2020 |
| {now:{level}} | a figure in the form that {level} names | 5.0 %, 2.4, +0.10 |
| {now:{level} or none} | the same, but for a share or number of 0 | none |
| {engines:and}, {gaps:;} | words | a, b and c; a; b; c |
| {words:quoted} | words | “a”, “b”, “c” |
| {n:is|are} | the first for 1, a list of one, and what is true | is; are |
| {terms:each term} | the phrase "term" for each of several items | “a” in 5 and “b” in 3 |
| {:lowest} | the phrase "lowest" | lowest June 2020 with 2.7 % |
| {compared:all} | phrases, one behind the other | |

Other forms are Python's. Shares that stand beside each other, {shares[0]}, have as many places as
tell them apart. A phrase takes the figures of its item, or calls it {item} if it is one word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Sentence(NamedTuple):
    """What is said of a fact, and the answer alone."""

    text: str
    clause: str = ""


SENTENCES: Mapping[str, Sentence] = {
    # The share of the documents that mention a subject.
    "never mentioned": Sentence(
        "None of the {documents:document} that were read mentions {subject}.",
        "no document mentions it",
    ),
    "few mentions": Sentence(
        "{matched} of {documents:document} {matched:mentions|mention} {subject}: "
        "{periods:each period with its count}.",
        "it is mentioned in {periods:each period with its count}",
    ),
    "share of a period": Sentence(
        "{subject} is in {:top}.",
        "it is in {:top}",
    ),
    "shares of two periods": Sentence(
        "{subject} is in {:top} and in {:second}.",
        "it is in {:top} and in {:second}",
    ),
    "equal shares": Sentence(
        "{subject} is in the same share of documents in all {periods:count}: {shares[0]}.",
        "it is in {shares[0]} of the documents of each",
    ),
    "share of a period alone": Sentence(
        "{subject} is in {:top}, and in none of the other {others:count}.",
        "it is in {:top} alone",
    ),
    "several highest shares": Sentence(
        "{subject} has its highest share of {periods:count}, {shares[0]}, in {highest:names}; "
        "{:lowest}.",
        "its highest share is {shares[0]}, in {highest:names}; {:lowest}",
    ),
    "two nearly equal shares": Sentence(
        "{subject} is in {:top} and in {:second}, nearly the same and the highest shares of "
        "{periods:count}; {:lowest}.",
        "it is in {:top} and in {:second}; {:lowest}",
    ),
    "highest share": Sentence(
        "{subject} is in {:top}, the highest share of {periods:count}; next is "
        "{second.period:name} with {shares[1]}, {:lowest}.",
        "it is highest in {top.period:name} ({shares[0]}); next is {second.period:name} with "
        "{shares[1]}, {:lowest}",
    ),
    "level": Sentence(
        "From {after[0]:name} on {subject} is in {share_after:%} of the documents, before in "
        "{share_before:%}: {beyond} of {after:count} since then are {is_rise:above|below} each of "
        "the {before} before.",
        "it changes from {share_before:%} to {share_after:%} in {after[0]:name}",
    ),
    "first mention": Sentence(
        "{subject} is first mentioned in {first.period:name}, in {first.matched:document}"
        "{is_of_some: (as {terms:each quoted})|}; none of the {documents:,} documents of "
        "{before:{before[0]:name}, the only earlier {grain},|the {before:count} that were read "
        "before} mentions it.{is_alone: The next mention is in {following:name}.|}",
        "the first mention is in {first.period:name}, in {first.matched:document}",
    ),
    "last mention": Sentence(
        "{subject} is last mentioned in {last:name}; none of the {documents:,} documents of the "
        "{later:count} that {later:was|were} read since mentions it.",
        "the last mention is in {last:name}",
    ),
    "terms": Sentence(
        "Of the {matched:document} of {subject}, {terms:each term with its count}"
        "{have_several:; one may have several|}.",
        "{terms:each term with its count}",
    ),
    # The mean polarity of mentions or posts.
    "mean": Sentence(
        "The engine's mean polarity for {subject} is {mean:+} ({n:,} {unit}s); of the {grain}s "
        "with at least {fewest} it is highest in {highest:each mean with its number} and lowest in "
        "{lowest:each mean with its number}.",
        "the mean is {mean:+}; of the {grain}s with at least {fewest} it is highest in "
        "{highest:each mean} and lowest in {lowest:each mean}",
    ),
    "several engines": Sentence(
        "The mood around {subject} is not compared over time: {engines:and} have scored it, each "
        "on a scale of its own.",
    ),
    "polarity of news": Sentence(
        "Polarity is that of “news”, a network that was trained on rated sentences of news; on "
        "headlines it has not seen, readers agree with it more than with VADER. "
        "{is_chosen:It was chosen because the run compares months of English news|"
        "The server was told to answer with it}. {:neutral band}",
    ),
    "neutral polarity": Sentence("{:neutral band}"),
    # Several subjects beside each other.
    "overtaking": Sentence(
        "“{after}” overtook “{before}” {:overtaking}.",
        "this happens {:overtaking}",
    ),
    "more documents": Sentence(
        "“{most}” is in more documents: {matched:,} of {documents:document} ({share:%}); "
        "“{following}” is in {following_share:%}.",
        "“{most}” is in most, {matched:,}",
    ),
    "most documents": Sentence(
        "Of {subjects} subjects “{most}” is in most documents: {matched:,} of {documents:document} "
        "({share:%}); next is “{following}” with {following_share:%}, last “{fewest}” with "
        "{fewest_share:%}.",
        "“{most}” is in most, {matched:,}",
    ),
    "means of subjects": Sentence(
        "Of {subjects} subjects with at least {fewest} mentions the engine's mean polarity is "
        "{ends:each extreme subject}.",
        "it is {ends:each extreme subject}",
    ),
    "together": Sentence(
        "“{rarer}” stands beside “{other}” in {both:,} of its {documents:document}; "
        "{expected:expected} would be expected if one said nothing of the other.",
        "they stand together in {both:,}, where {expected:expected} would be expected",
    ),
    "part": Sentence(
        "“{part}” is a part of “{whole}”: what is written of the one is written of the other too, "
        "so that they are not compared.",
    ),
    # Groups of documents beside each other.
    "larger share of two groups": Sentence(
        "{:largest share}; {lowest} has {lowest_share:%}.",
        "it is largest in {highest}: {:counted}",
    ),
    "largest share of groups": Sentence(
        "{:largest share}; next is {following} with {following_share:%}, last {lowest} with "
        "{lowest_share:%}.",
        "it is largest in {highest}: {:counted}",
    ),
    "means of groups": Sentence(
        "The engine's mean polarity for {subject} is highest in {highest} ({highest_mean:+}) and "
        "lowest in {lowest} ({lowest_mean:+}), of {groups} {plural}, month by month.",
        "it is highest in {highest} ({highest_mean:+}) and lowest in {lowest} ({lowest_mean:+})",
    ),
    "group without documents": Sentence("{group} has no document {months:stretches}"),
    "some groups without documents": Sentence("{gaps:;}."),
    "groups without documents": Sentence(
        "{incomplete:,} of {groups:,} {plural} have no document in a month in which others have.",
    ),
    "fixed panel": Sentence(
        "{:share of all} and in {panel_share:%} of those of the fixed panel: {members:outlet} of "
        "{outlets:,}{are_named: ({names:and})|} {members:has|have} every month.",
    ),
    "months of all outlets": Sentence(
        "{:share of all} and in {shared_share:%} of those {months:stretches}, which all "
        "{outlets:,} outlets share; none of them has every month, so that there is no fixed panel.",
    ),
    "no fixed panel": Sentence(
        "{:share of all}; no outlet has every month and no month has all {outlets:,} outlets, so "
        "that there is no fixed panel.",
    ),
    # Posts of accounts and searches.
    "busier of two periods": Sentence(
        "{:busiest}; {second.period:name} has {second.a_day:.1f}.",
        "it is most in {top.period:name}: {:posts of the top}",
    ),
    "two busiest periods": Sentence(
        "{:busiest}; {second.period:name} has as many a day.",
        "it is most in {top.period:name}: {:posts of the top}",
    ),
    "busiest period": Sentence(
        "{:busiest}; next is {second.period:name} with {second.a_day:.1f}, {is_silent:none|fewest} "
        "in {lowest:{lowest[0]:name}|{lowest:count}}{is_silent:| with {quietest.a_day:.1f}}.",
        "it is most in {top.period:name}: {:posts of the top}",
    ),
    "more posts": Sentence(
        "{most.title} posts more than {second.title}: {most.a_day:.1f} posts a day against "
        "{second.a_day:.1f}, in the {:common periods} {are_all:both|those with posts} "
        "({periods:stretch}). Reposts count.",
        "{most.title} posts most, {most.a_day:.1f} a day",
    ),
    "most posts": Sentence(
        "{most.title} posts most of {accounts}: {most.a_day:.1f} posts a day against "
        "{second.a_day:.1f} of {second.title}, the next, in the {:common periods} "
        "{are_all:all|those with posts} ({periods:stretch}). Reposts count.",
        "{most.title} posts most, {most.a_day:.1f} a day",
    ),
    "silent accounts": Sentence(
        "{silent} of {accounts} {silent:has|have} no posts; the table says why.",
    ),
    "newest posts alone": Sentence(
        "{source} gives the newest {most:,} posts of an account, about as many as there are here: "
        "earlier ones may be missing.",
    ),
    "garbled posts": Sentence(
        "{garbled:,} of {posts:post} ({share:%}) hold signs of a wrong encoding, as they were "
        "stored: their words, names and moods may be wrong.",
    ),
    "cut posts": Sentence(
        "{cut:,} of {posts:post} end within a web address that was cut, as reposts of a service "
        "do.",
    ),
    "counted as one": Sentence("Counted as one: {names:;}."),
    # What changes where some documents are left out, and how these are named.
    "contrast": Sentence("{text} Without {left_out}, {clause}."),
    "repeats of another subject": Sentence("repeats, of which none mentions it"),
    "repeats": Sentence("the {n:{noun}} that {n:is a repeat|are repeats}"),
    "repeats of a pattern": Sentence(
        "the {n:{noun}} that {n:is a repeat|are repeats}, “{pattern}”",
    ),
    "repeats, most of a pattern": Sentence(
        "the {n:{noun}} that {n:is a repeat|are repeats} ({largest:,} of them “{pattern}”)",
    ),
    "bulk days": Sentence("{days}, when the archive has far more documents than usual"),
    "many bulk days": Sentence(
        "{n} days on which the archive has far more documents than usual",
    ),
    "proposal to leave repeats out": Sentence(
        "In {months:month} at least {fewest} {noun}s{is_of_subject: that mention it|}, and more "
        "than a fifth, are repeats, most in {month:name} ({share:%}): --distinct leaves them out.",
    ),
    "judged by texts": Sentence(
        "They are found among the texts of {months}{is_large: that mention a keyword|}: in a run "
        "of other months a few other texts are repeats.",
    ),
    # What departs from its own past: an event, and as a clause what comes every year.
    "event of share": Sentence(
        "{subject} {period:when}: {matched:,} of {documents:document}, {compared:all}.",
        "{subject} {period:when}, as {season:each when}",
    ),
    "event of wording": Sentence(
        "The term “{term}” {period:when}: in {matched:,} of {documents:document} of the subject "
        "{subject}, {compared:all}.",
        "the term “{term}” of {subject} {period:when}, as {season:each when}",
    ),
    "event of posts": Sentence(
        "{subject} {period:when}: {compared:all}.",
        "{subject} {period:when}, as {season:each when}",
    ),
    "event of mood": Sentence(
        "The mood {is_of_posts:of the posts of|around} {subject} {period:when}: {compared:all}; an "
        "index of the engine, n = {n:,}.",
        "the mood {is_of_posts:of the posts of|around} {subject} {period:when}, as "
        "{season:each when}",
    ),
    "recurring": Sentence(
        "Not told, since the same month or week of two earlier years or more stood out as much: "
        "{clauses:;}.",
    ),
    "earlier recurring": Sentence("{n:,} earlier ones"),
    # What is new since the last report of a watched run.
    "no new documents": Sentence("No documents are new."),
    "new documents": Sentence("{:{change}}: {months:each month and its change}."),
    "no new document of a subject": Sentence("“{subject}”: no new document mentions it."),
    "new documents of a subject": Sentence(
        "“{subject}”: {:{change}} {n:mentions|mention} it, {total:,} in all.",
    ),
    "no new posts": Sentence("No posts are new."),
    "new posts": Sentence("{subject}: {:{change}}, {months:each month and its change}."),
    "silent since": Sentence("{silent} of {accounts} {silent:has|have} no new posts."),
    # Why a document is one to read.
    "extreme polarity": Sentence(
        "among the {extreme} polarity: {polarity:+}{is_mean:, the mean of the {scored} sentences "
        "that mention it|}{is_part:, of the sentence that mentions it|}",
    ),
    "most repeated": Sentence("the most repeated: {size:document} of its pattern"),
    "typical": Sentence("shares most words with the other documents"),
    "typical words": Sentence("among the most typical: {words:quoted}"),
    # Trained networks.
    "accuracy": Sentence("{who} classifies {percent:.2f} % of the test set correctly."),
    "accuracy beside a rule": Sentence(
        "It {is_better:beats|does not beat} the best simple rule, {rule}, with {percent:.2f} %.",
    ),
    "error": Sentence("{who} has a validation RMSE of {error:.3g}."),
    "error beside a forecast": Sentence(
        "It {is_better:beats|does not beat} the best simple forecast, {forecast}, with "
        "{error:.3g}.",
    ),
}

PHRASES: Mapping[str, str] = {
    # Shares of periods.
    "top": "{top.matched:,} of {top.documents:document} ({shares[0]}) of {top.period:name}",
    "second": (
        "{second.matched:,} of {second.documents:document} ({shares[1]}) of {second.period:name}"
    ),
    "lowest": "{is_absent:none in {lowest:names}|lowest {lowest:names} with {shares[2]}}",
    "period with its count": "{period:name} ({matched})",
    "quoted": "“{item}”",
    "term with its count": "“{term}” {is_first:is |}in {matched:,}",
    # Mean polarities; periods that hardly differ stand together where they are many.
    "mean": "{periods:{periods[0]:name} ({mean:+})|{periods:count} (about {mean:+})}",
    "mean with its number": (
        "{periods:{periods[0]:name} ({mean:+}, {n:,} {unit}s)|{periods:count} (about {mean:+})}"
    ),
    "neutral band": (
        "From {low:+} to {high:+} it is neutral, and its zero is arbitrary: compare months and "
        "subjects with it, and say “lower than in March”, not “negative”"
    ),
    "extreme subject": "{end} for “{subject}” ({mean:+}, {n:,} mentions)",
    # Subjects and groups beside each other.
    "overtaking": (
        "{is_next:in {period:name}|between {previous_period:name} and {period:name}}: since then "
        "it is ahead in {later.ahead} of {later.periods} {grain}s ({later.leading:,} documents to "
        "{later.trailing:,}), before that it was behind in {earlier.ahead} of {earlier.periods} "
        "({earlier.trailing:,} to {earlier.leading:,})"
    ),
    "counted": "{matched:,} of {documents:document} ({share:%})",
    "largest share": (
        "Of {groups} {plural} with at least {fewest} documents in their common months, {highest} "
        "mentions {subject} in the largest share: {:counted}"
    ),
    "share of all": "“{keyword}” is in {share:%} of all documents",
    # Posts.
    "busiest": (
        "{is_search:Most was posted on “{name}”|{name} posted most} in {top.period:name} of "
        "{periods} whole {grain}s: {:posts of the top}"
    ),
    "posts of the top": "{top.posts:post}, {top.a_day:.1f} a day",
    "common periods": "{periods:count} that {periods:is|are} complete for",
    # Events: the figure now, those before, and what else is told of it.
    "now": "{now:{level}}{unit}",
    "no post": "no post",
    "none before": ", and none ",
    "before": ", against {before:{level}}{unit_before} ",
    "average before": ", against {before:{level}}{unit_before} on average ",
    "the period before": "in the {grain} before",
    "the periods before": "in the {n_before:{grain}} before",
    "an earlier period": "{usual:when}",
    "usual periods": "in {n_before:usual {grain}} before",
    "many left out": ", {n_left_out} that were unusual or not whole left out",
    "months left out": ", without {left_out:each month}",
    "weeks left out": ", without the {left_out:week|weeks} from {left_out:each first day}",
    "month": "{item:name}",
    "first day": "{item:first day}",
    "when": "{item:when}",
    "a year before": ", and {same:{level} or none} {same_period:when}",
    "years before": (
        ", and {same:{level} or none} {same_period:when}, the {is_rise:highest|lowest} of "
        "{years} years"
    ),
    "judged": (
        " ({judged.now:{level} or none} against {judged.before:{level} or none} without repeats "
        "and bulk days)"
    ),
    "furthest": "; it {is_rise:rose|fell} to {furthest.now:{level}}{unit} {furthest.period:when}",
    # What is new.
    "more": "{n:new {noun}}",
    "fewer": "{n:{noun}} fewer",
    "other": "other {noun}s",
    "month and its change": (
        "{is_alone:|{n:,} }in {is_earlier:{months:count} before|{months[0]:name}}"
    ),
}
