"""All sentences about data, to be read from top to bottom; `writing` fills their figures in.

A sentence has one claim and at most 25 words. Beside it stand two more forms: its clause, the
answer alone, which follows "Without repeats," where the claim is another one then; and its mark,
the figure alone, which stands small behind the sentence where just the figure changes: "without
repeats 7.9 %". A fact whose sentence has no clause is printed as it is.

In braces stands a figure, and behind the colon how it is written:

| form | a figure | as |
| --- | --- | --- |
| {documents:document} | a count with its noun | 1 document, 1,523 documents |
| {share:%} | a share | 22.7 % |
| {interval:range} | shares | 62.0 to 98.0 % |
| {mean:+} | a mean polarity | +0.07 |
| {month:name} | a period | March 2020 |
| {months:names} | periods; more than two are counted | March 2020 and May 2020; 3 months |
| {months:count} | how many periods | 12 months |
| {months:stretch} | the first to the last period | March 2020 to May 2020 |
| {months:stretches} | periods with gaps | in March 2020 and June 2020 to July 2020 |
| {period:when} | a month or a week | in March 2020, in the week from 9 March 2020 |
| {now:{level}} | a figure in the form that {level} names | 5.0 %, 2.4, +0.10 |
| {ratio:ratio}, {items:many} | how many times as many; how many | 5.4; 12 |
| {count:about}, {n:or none} | an estimated number; a count, none for 0 | 6,700; none |
| {apart:points} | a difference of shares in points | 4.1 |
| {now:{level} or none} | the same, but for a share or number of 0 | none |
| {engines:and}, {gaps:;} | words | a, b and c; a; b; c |
| {subject:first} | a name that begins a sentence | Fog for fog |
| {words:quoted} | words | “a”, “b”, “c” |
| {n:is|are} | the first for 1, a list of one, and what is true | is; are |
| {periods:each period} | the phrase "period" for each item | May 2020 (1) and July 2020 (2) |
| {:counted} | the phrase "counted" | 20 of 400 |

Other forms are Python's. Shares that stand beside each other, {shares[0]}, have as many places as
tell them apart. A phrase takes the figures of its item, or calls it {item} if it is one word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Sentence(NamedTuple):
    """What is said of a fact, the answer alone, and the figure alone."""

    text: str
    clause: str = ""
    mark: str = ""


SENTENCES: Mapping[str, Sentence] = {
    # The share of the documents that mention a subject.
    "never mentioned": Sentence(
        "None of the {documents:document} mentions {subject}.",
        "no document mentions it",
    ),
    "few mentions": Sentence(
        "{matched} of {documents:document} {matched:mentions|mention} {subject}: "
        "{named:each period with its count}.",
        "it is in {matched:document}",
        "{matched:document}",
    ),
    "few mentions in many periods": Sentence(
        "{matched} of {documents:document} {matched:mentions|mention} {subject}, in "
        "{named:many} of {periods:count}.",
        "it is in {matched:document}",
        "{matched:document}",
    ),
    "share of a period": Sentence(
        "In {top.period:name}, {subject} was in {shares[0]} of documents ({:count of the top}).",
        "it is {shares[0]} of {top.period:name}",
        "{shares[0]}",
    ),
    "shares of two periods": Sentence(
        "{subject:first} was in {shares[0]} of documents in {first.period:name} "
        "({first.matched:,}) and in {shares[1]} in {second.period:name} ({second.matched:,}).",
        "the shares are {shares[0]} and {shares[1]}",
        "{shares[0]} and {shares[1]}",
    ),
    "equal shares": Sentence(
        "{subject:first} was in {shares[0]} of documents in each of the {periods:count}.",
        "it is most frequent in {top.period:name} ({shares[0]})",
        "{shares[0]}",
    ),
    "share of a period alone": Sentence(
        "{subject:first} appears in {top.period:name} alone, in {shares[0]} of documents "
        "({:count of the top}).",
        "it appears in {top.period:name} alone",
        "{shares[0]}",
    ),
    "several highest shares": Sentence(
        "{subject:first} was most frequent in {highest:names}, in {shares[0]} of documents each.",
        "it is most frequent in {highest:names}",
        "{shares[0]}",
    ),
    "two nearly equal shares": Sentence(
        "{subject:first} was most frequent in {first.period:name} ({shares[0]} of documents) and "
        "nearly as frequent in {second.period:name} ({shares[1]}).",
        "it is most frequent in {top.period:name} ({shares[0]})",
        "{shares[0]} and {shares[1]}",
    ),
    "highest share": Sentence(
        "{subject:first} {is_peak:peaked|was most frequent} in {top.period:name}, in {shares[0]} "
        "of documents ({:count of the top}); the average is {average:%}.",
        "it is most frequent in {top.period:name} ({shares[0]})",
        "{shares[0]}",
    ),
    "level": Sentence(
        "{subject:first} {is_rise:rose|fell} in {period:name} and stayed {is_rise:up|down}: from "
        "{shares[0]} of documents before to {shares[1]} since.",
        "the change comes in {period:name}, from {shares[0]} to {shares[1]}",
        "from {shares[0]} to {shares[1]}",
    ),
    "change over years": Sentence(
        "{subject:first} {is_rise:rose|fell} from {shares[0]} of documents in {first.period} to "
        "{shares[1]} in {second.period}.",
        "it {is_rise:rises|falls} from {shares[0]} in {first.period} to {shares[1]} in "
        "{second.period}",
        "from {shares[0]} to {shares[1]}",
    ),
    "years apart": Sentence(
        "By year, {subject} was most frequent in {first.period} ({shares[0]} of documents) and "
        "least in {second.period} ({shares[1]}).",
        "it is most frequent in {first.period} ({shares[0]}) and least in {second.period} "
        "({shares[1]})",
        "{shares[0]} and {shares[1]}",
    ),
    "years alike": Sentence(
        "By year, {subject} hardly changed: it was in {shares[1]} to {shares[0]} of documents.",
        "the years are alike, {shares[1]} to {shares[0]}",
        "{shares[1]} to {shares[0]}",
    ),
    "most mentioned": Sentence(
        "{subject:first} was mentioned most, in {most.matched:,} of {most.documents:document} "
        "({shares[0]}); next was {next} with {following.matched:,} ({shares[1]}).",
        "{subject} is mentioned most, in {shares[0]}",
        "{shares[0]}",
    ),
    "course of months": Sentence(
        "{subject:first} {is_rise:rose|fell} from {shares[0]} of documents in {first:names} to "
        "{shares[1]} in {second:names}.",
        "it {is_rise:rises|falls} from {shares[0]} to {shares[1]}",
        "from {shares[0]} to {shares[1]}",
    ),
    "course of parts": Sentence(
        "{subject:first} {is_rise:rose|fell} from {shares[0]} of documents in the first "
        "{first:count} to {shares[1]} in the last {second:many}.",
        "it {is_rise:rises|falls} from {shares[0]} to {shares[1]}",
        "from {shares[0]} to {shares[1]}",
    ),
    "first mention": Sentence(
        "{subject:first} first appears in {first.period:name}, in {first.matched:document}; the "
        "{documents:document} of the {before:{grain}|{before:count}} before have none.",
        "it first appears in {first.period:name}, in {first.matched:document}",
        "{first.matched:document}",
    ),
    "last mention": Sentence(
        "{subject:first} last appears in {last:name}; the {documents:document} of the "
        "{later:{grain}|{later:count}} since have none.",
        "it last appears in {last:name}",
    ),
    # The mean polarity of mentions or posts.
    "unusual mean": Sentence(
        "The engine's mood score for {subject} was {is_high:highest|lowest} in {period:name}: "
        "{mean:+} ({n:{unit}}); the average is {overall:+}.",
        "it is {is_high:highest|lowest} in {period:name} ({mean:+})",
        "{mean:+}",
    ),
    "several engines": Sentence(
        "Mood scores for {subject} are not compared over time: {engines:and} have different "
        "scales.",
    ),
    "polarity of news": Sentence(
        "Polarity comes from “news”, a network trained on rated sentences of news. Readers of "
        "headlines agree with it more than with VADER. {is_chosen:It was chosen because the run "
        "compares months of English news|The server was told to use it}. {:neutral band}",
    ),
    "neutral polarity": Sentence("{:neutral band}"),
    # Several subjects beside each other.
    "overtaking": Sentence(
        "{after:first} overtook {before} {:overtaking}.",
        "{after} overtakes {before} {is_next:in {period:name}|between {previous_period:name} and "
        "{period:name}}",
    ),
    "together": Sentence(
        "Of the {documents:document} with {rarer}, {both:,} also mention {other}: {ratio:ratio} "
        "times as many as by chance.",
        "{both:,} of {documents:,} mention both",
        "{both:,} of {documents:,}",
    ),
    "part": Sentence("“{part}” is a part of “{whole}”, so the two are not compared."),
    # Groups of documents beside each other.
    "larger share of two groups": Sentence(
        "{highest} mentions {subject} more than {lowest}: in {share:%} of documents "
        "({:counted}), against {lowest_share:%}.",
        "{highest} mentions it more, {share:%}",
        "{share:%}",
    ),
    "largest share of groups": Sentence(
        "Of {groups} {plural}, {highest} mentions {subject} most: in {share:%} of documents "
        "({:counted}); next is {following} with {following_share:%}.",
        "{highest} mentions it most, {share:%}",
        "{share:%}",
    ),
    "means of groups": Sentence(
        "The engine's mood score for {subject} is highest in {highest} ({highest_mean:+}) and "
        "lowest in {lowest} ({lowest_mean:+}).",
        "it is highest in {highest} ({highest_mean:+}) and lowest in {lowest} ({lowest_mean:+})",
    ),
    "group without documents": Sentence("{group} has no document {months:stretches}"),
    "some groups without documents": Sentence("{gaps:;}."),
    "groups without documents": Sentence(
        "{incomplete:,} of {groups:,} {plural} have no document in a month in which others have.",
    ),
    "fixed panel": Sentence(
        "“{keyword}” is in {panel_share:%} of the documents of the fixed panel, and in "
        "{share:%} of "
        "all. The panel is the {members:outlet} of {outlets:,} with documents in every month"
        "{are_named:: {names:and}|}.",
    ),
    "months of all outlets": Sentence(
        "“{keyword}” is in {shared_share:%} of the documents {months:stretches}, which all "
        "{outlets:,} outlets share, and in {share:%} of all. No outlet has every month, so there "
        "is no fixed panel.",
    ),
    "no fixed panel": Sentence(
        "“{keyword}” is in {share:%} of all documents. No outlet has every month, and no month all "
        "{outlets:,} outlets, so there is no fixed panel.",
    ),
    # Posts of accounts and searches.
    "busiest period": Sentence(
        "{is_search:Most was posted on “{name}”|{name} published most} in {top.period:name}: "
        "{top.posts:{noun}}, {top.a_day:.1f} a day; the average is {average:.1f}.",
        "it is most in {top.period:name}, {top.a_day:.1f} a day",
        "{top.a_day:.1f} a day",
    ),
    "most posts": Sentence(
        "{most.title} publishes most: {most.a_day:.1f} a day, against {second.a_day:.1f} of "
        "{second.title}. This counts the {periods:count} that all {subjects} "
        "{are_all:|with {noun}s }have complete{has_reposts:, reposts included|}.",
        "{most.title} publishes most, {most.a_day:.1f} a day",
        "{most.a_day:.1f} a day",
    ),
    "silent accounts": Sentence(
        "{silent} of {accounts} {subjects} {silent:has|have} no {noun}s; the table says why.",
    ),
    "newest posts alone": Sentence(
        "{source} gives only the newest {most:,} posts of an account. Here are about as many, so "
        "earlier ones may be missing.",
    ),
    "garbled posts": Sentence(
        "{garbled:,} of {posts:{noun}} ({share:%}) show signs of a wrong encoding. Their words, "
        "names and moods may be wrong.",
    ),
    "cut posts": Sentence(
        "{cut:,} of {posts:{noun}} end in a web address that was cut, as reposts of a service do.",
    ),
    # What stands below a picture of the names along with a subject.
    "names in a picture": Sentence(
        "Names and their kinds as a program found them: read them with care.",
    ),
    "names in headlines": Sentence(
        "In headlines, which capitalize every word, it mistakes more common words for names.",
    ),
    "counted names": Sentence(
        "The figure is the number of texts that hold the name, as in the table entities. Of a word "
        "that is a name too, and stands in many more texts, it is how often it was taken for one.",
    ),
    "names taken": Sentence(
        "The figure is how often it was taken for one: the results are from before the texts "
        "that hold a name were counted.",
    ),
    "names counted once": Sentence(
        "Spellings of one name count as one. Of texts that differ only in names or figures, the "
        "first of a month counts. Names that came once, dates and numbers are left to the table "
        "entities.",
    ),
    "names of the subject": Sentence(
        "So {n:is|are} {n:,} {n:name that holds|names that hold} the subject itself.",
    ),
    "names of the account": Sentence(
        "So {n:is|are} {n:,} {n:name that is|names that are} the subject's own.",
    ),
    "names without evidence": Sentence(
        "So {n:is|are} {n:,} {n:name|names} without evidence of what {n:it names|they name}.",
    ),
    "names with as": Sentence("“As” gives the number with the full name."),
    "names with also": Sentence("“Also” names others of that last name who may be meant."),
    # What readers, or machines, would say of texts.
    "coding": Sentence("{asked} {coder} answered “{code}” for {n:,} of {texts} ({share:%})."),
    "search": Sentence("{coder} searched for {sought} and {outcome}."),
    "share of answers": Sentence(
        "{asked} {reader} would answer “{category}” for {share:%} of {texts} ({interval:range}).",
    ),
    "share as a number": Sentence("That is {is_known:{count:,}|about {count:about}} of them."),
    "share as numbers": Sentence(
        "That is about {count:about} of them, perhaps as few as {fewest:about} or as many as "
        "{most:about}.",
    ),
    "none as a number": Sentence("That is none of them, perhaps as many as {most:about}."),
    "read": Sentence(
        "Of {first_read:{unit}} read{is_even:,|, not evenly over periods,} "
        "{first_given:or none} had this answer"
        "{are_differing: from at least one reader|}.",
    ),
    "read of one kind": Sentence(
        "Of {first_read:{unit}} read {is_with:with|without} {keyword}, {first_given:or none} had "
        "this answer{are_differing: from at least one reader|}; none was read "
        "{is_with:without|with} it.",
    ),
    "read with and without": Sentence(
        "Of {first_read:{unit}} read with {keyword}, {first_given:or none} had this answer"
        "{are_differing: from at least one reader|}; of {second_read:,} read without, "
        "{second_given:or none}.",
    ),
    "missed at most": Sentence(
        "{is_count:So the estimate is the number of {unit}s with {keyword}|So none without it is "
        "counted}, though as many as {most:about} {unit}s ({missed:%} of all) could have this "
        "answer without {keyword}.",
    ),
    "mean of answers": Sentence(
        "{asked} {reader} would choose {mean:.2f} on average{condition}, on a scale from {first} "
        "to {last} ({low:.2f} to {high:.2f}).",
    ),
    "recall": Sentence(
        "Of all texts with the answer “{category}”, {share:%} mention {keyword} "
        "({interval:range}).",
    ),
    "recall without a miss": Sentence(
        "No text read without {keyword} has the answer “{category}”; of all that have it, at "
        "least {low:%} mention {keyword}.",
    ),
    "mean of labels": Sentence(
        "Readers would give the mentions of {subject} {mean:+} on average, between \u22121 and 1 "
        "({low:+} to {high:+}).",
    ),
    "difference of shares": Sentence(
        "“{category}” ({about}) is {apart:points} percentage points {is_more:more|less} frequent "
        "{beside}{is_known:| ({low:points} to {high:points})}.",
    ),
    "difference of means": Sentence(
        "The mean of {about} is {apart:.2f} steps {is_more:higher|lower} {beside}"
        "{is_known:| ({low:.2f} to {high:.2f})}.",
    ),
    "sure of": Sentence(
        "{confidence} interval, {n:{unit}} read{is_wide:; reading about {more:,} more would halve "
        "the interval|}{is_model:; not checked against people|}",
    ),
    # What readers' errors do to a share.
    "errors found": Sentence(
        "{share:%} is {is_gone:at most {high:%}|{corrected:%}} without readers' errors"
        "{is_gone:| ({interval:range})}. Where this answer "
        "does not apply, a reader gave it in {false_yes:%}; where it does, missed it in "
        "{false_no:%} ({n:{unit}} that several read).",
    ),
    "errors leave": Sentence(
        "One wrong answer among the {n:{unit}} read{which} would stand for about {weight:about} "
        "{unit}s, {weight_share:%} of all.",
    ),
    "errors tried": Sentence(
        "If readers err in {errors:and} of 100 {unit}s, {share:%} would be {corrected:and} without "
        "errors.",
    ),
    "errors explain": Sentence(
        "With so {is_rare:rare|common} an answer, if readers err in {errors} of 100 {unit}s, "
        "errors alone could explain all {is_rare:“{category}”|other answers}.",
    ),
    # What the shares of periods rest on.
    "periods by rates of all": Sentence(
        "In {answers:and}, periods differ by no more than chance among {unit}s with {keyword}, and "
        "among those without. Few codes show large differences alone. So each period's figure "
        "takes the rates of all periods: it rises and falls with its number of {unit}s with "
        "{keyword}. The brackets leave room for periods that differ.",
    ),
    "periods alike": Sentence(
        "In {answers:and}, periods differ by no more than chance. Few codes show large differences "
        "alone. So no period has a figure of its own.",
    ),
    "periods differ": Sentence(
        "Periods differ by more than chance in how frequent an answer is among {unit}s of one "
        "kind. So each period's figure rests on its own codes.",
    ),
    "periods by their own codes": Sentence("Each period's figure rests on its own codes."),
    "highest and lowest": Sentence(
        "By these figures it is highest in {highest} ({shares[0]}) and lowest in {lowest} "
        "({shares[1]}).{are_apart:| Their brackets overlap: what was read does not "
        "show a change.}",
    ),
    # What changes where some documents are left out.
    "contrast": Sentence("{text} Without {left_out}, {clause}."),
    "mark": Sentence("without {left_out} {mark}"),
    "proposal to leave repeats out": Sentence(
        "In {months:month}, more than a fifth of {is_of_subject:its documents|the {noun}s} are "
        "repeats, most in {month:name} ({share:%}). --distinct leaves them out.",
    ),
    "judged by texts": Sentence(
        "They are found among the texts of {months}{is_large: that mention a keyword|}. A run of "
        "other months may find a few others.",
    ),
    # What departs from its own past: an event. Its clause names what comes every year.
    "event of share": Sentence(
        "{subject:first} {is_rise:rose|fell} to {now:%} of documents {period:when} ({matched:,} of "
        "{documents:,}); {:{usual}}.",
        "{subject} {period:when}",
    ),
    "event of wording": Sentence(
        "The term “{term}” {is_rise:rose|fell} to {now:%} of the documents on {subject} "
        "{period:when} ({matched:,} of {documents:,}); {:{usual}}.",
        "the term “{term}” of {subject} {period:when}",
    ),
    "event of posts": Sentence(
        "{subject:first} published {is_rise:more|less} {period:when}: {now:.1f} {unit}s a day; "
        "{before:.1f} is "
        "usual.",
        "{subject} {period:when}",
    ),
    "event of mood": Sentence(
        "The engine's mood score {is_of_posts:of|for} {subject} {is_rise:rose|fell} to {now:+} "
        "{period:when} ({n:{unit}}); {before:+} is usual.",
        "the mood of {subject} {period:when}",
    ),
    "recurring": Sentence(
        "The same time of year stood out before, so these are not news: {clauses:;}."
    ),
    "more recurring": Sentence("{n:,} earlier ones"),
    # What is new since the last report of a watched run.
    "no new documents": Sentence("No documents are new."),
    "new documents": Sentence("{:{change}}: {months:each month and its change}."),
    "no new document of a subject": Sentence("“{subject}” is in no new document."),
    "new documents of a subject": Sentence(
        "“{subject}”: {:{change}} {n:mentions|mention} it, {total:,} in all.",
    ),
    "no new posts": Sentence("No {noun}s are new."),
    "new posts": Sentence("{subject}: {:{change}}, {months:each month and its change}."),
    "silent since": Sentence("{silent} of {accounts} {subjects} {silent:has|have} no new {noun}s."),
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
    "count of the top": "{top.matched:,} of {top.documents:,}",
    "period with its count": "{period:name} ({matched})",
    # An index has no zero that means anything.
    "neutral band": (
        "From {low:+} to {high:+} it is neutral: say “lower than in March”, not “negative”"
    ),
    # Subjects and groups beside each other.
    "overtaking": (
        "{is_next:in {period:name}|between {previous_period:name} and {period:name}}: it was ahead "
        "in {later.ahead} of {later.periods} {grain}s since, and behind in {earlier.ahead} of "
        "{earlier.periods} before"
    ),
    "counted": "{matched:,} of {documents:,}",
    # Events: the share that is usual, and what is told beside the sentence.
    "usual": "{before:%} is usual",
    "a single one before": "the {grain} before had {before:%}",
    "none before": "before, there was none",
    "also months": "also {periods:stretches}",
    "also weeks": "also {periods:each when}",
    "when": "{item:when}",
    "furthest": "{furthest.now:{level}} {furthest.period:when}",
    "a year before": "{same:{level} or none} {same_period:when}",
    "judged": "without repeats and bulk days {judged.now:{level} or none}",
    # What is new.
    "more": "{n:new {noun}}",
    "fewer": "{n:fewer {noun}}",
    "other": "other {noun}s",
    "month and its change": (
        "{is_alone:|{n:,} }in {is_earlier:{months:count} before|{months[0]:name}}"
    ),
}
