"""What the demonstration's project says of itself, and its proposals."""

from __future__ import annotations

from dataclasses import dataclass

TAGLINE = "A durable message queue that a small team can run and understand."

DESCRIPTION = """\
Kelpline keeps messages safe between the programs of one company. It stores every message on disk before it says yes, runs as
a single program, and can be read end to end in a weekend.

It has been made by a handful of maintainers since 2019. Those who depend on it pay for a share of the work, and get with it a
bounded, public say in what comes next.
"""

HOW_WE_WORK = """\
## What a stake buys

A vote with a published weight on each proposal, a named place on the sponsors page, and an answer with reasons. It does not
buy a feature, a deadline, or a maintainer's evening.

## The workshop door

Design talk happens among the people who do the work and those they invite. Companies state what they need through their
representative, in a structured form, and read the decision with its reasons. There are no public comment threads.

## Help is elsewhere

Questions about using Kelpline belong in the community forum, and a support contract covers what a forum cannot. Neither moves
the roadmap.

## Kindness is part of the work

A contribution is not an invitation to attack its author. Whoever forgets that is asked once, and then not again.
"""


@dataclass(frozen=True, slots=True)
class ProposalSeed:
    """A proposal's text."""

    title: str
    summary: str
    body: str


SHIPPED = ProposalSeed(
    "Encrypt messages at rest",
    "Store every message encrypted, with keys that the operator holds.",
    """\
## What would change

Messages, indexes and snapshots are written encrypted. Keys come from a file or from a key service; rotating them does not stop
the queue.

## Why now

Three sponsors handle health or payment data and have to show encryption at rest by next year.

## What it costs

About nine weeks for two maintainers, and between 4 and 7 percent of throughput in our measurements on ordinary disks.

## What we would not do

Encryption between client and server is already there and stays as it is.
""",
)

DEPARTED = ProposalSeed(
    "End support for the 2.x wire protocol",
    "Remove the old wire protocol in the next major version.",
    """\
## What would change

Version 5 speaks only the 3.x protocol. Clients older than three years stop working against it. Version 4 keeps the old protocol
and gets security fixes for two more years.

## Why

The old protocol has no message authentication. Two of the last four security reports came from its parser.

## What it costs

Companies with old clients must upgrade them before they move to version 5. A checker tells which clients those are.
""",
)

NO_QUORUM = ProposalSeed(
    "A metrics endpoint in the OpenMetrics format",
    "Serve the queue's figures in a format that common monitoring reads directly.",
    """\
## What would change

`/metrics` serves the figures that `kelpline stats` prints today, in the OpenMetrics format. The old command stays.

## What it costs

One to two weeks. No new dependency.
""",
)

OPEN = ProposalSeed(
    "Replicate a queue across two sites",
    "Keep a standby copy in a second site that can take over within a minute.",
    """\
## What would change

A queue can name a standby in another site. Messages are acknowledged once both sites have them, or once the first has, as each
queue chooses. An operator promotes the standby with one command; nothing promotes itself.

## Why

Seven sponsors run Kelpline in one site and have asked how to survive losing it. Today the answer is a nightly copy.

## What it costs

About five months for two maintainers. Smaller wishes would wait until spring.

## Risks

Waiting for both sites adds the distance to every write. We would publish measurements before the first release, and stop if the
single-site case got slower.
""",
)

CONSULTED = ProposalSeed(
    "Delayed messages up to a year",
    "Let a message wait for a set time, up to a year, before anybody receives it.",
    """\
## What would change

A message may carry a time before which it is not delivered. Waiting messages live in their own files, so that a million of
them do not slow down the rest.

## Open questions

Is a year long enough? Should waiting messages count against a queue's limit?
""",
)

DRAFTED = ProposalSeed(
    "Browse a queue in the terminal",
    "A read-only view of waiting messages for people on call.",
    """\
## What would change

`kelpline look QUEUE` shows waiting messages, newest first, with their age and size, and never takes one away.
""",
)

WITHDRAWN = ProposalSeed(
    "Store messages in object storage",
    "Write old segments to object storage to save disk.",
    """\
## What would change

Segments older than a day move to object storage and are read back when needed.
""",
)

RANKED = ProposalSeed(
    "What the autumn release is built around",
    "One of four larger pieces of work fits into the autumn; put them in order.",
    """\
## What is asked

Each of these was asked for by several sponsors, and each would take the two paid maintainers most of the autumn. We can do one of
them well. Whatever is chosen gets a proposal of its own with the details.

## What happens to the others

They stay in consultation and can be asked about again next year.
""",
)

BUDGET = ProposalSeed(
    "How the summer fund is spent",
    "EUR 60,000 from one-off stakes, for work that people outside the team can take on.",
    """\
## What is asked

The fund may only pay for work that is bounded and that somebody outside the team has offered to do. Each offer below has a price
that includes review by a maintainer.

## What is not spent

Stays in the fund for next summer.
""",
)

SCORED = ProposalSeed(
    "Which guides to write first",
    "Documentation days are in December; say how much each guide would help you.",
    """\
## What is asked

A technical writer is with us for ten days. Two guides fit into that time. Say how much each of them would help your people, from
0 to 5; leave out what you cannot judge.
""",
)

RANKED_REASONS = """\
The order was clear in both houses: tracing first. We follow it.

Replication was second in the sponsors' house and has a proposal and a vote of its own since.
"""

BUDGET_REASONS = """\
We follow the outcome as it was counted: what was funded is commissioned now, and what is left stays in the fund.
"""

DEPARTURE_REASONS = """\
The vote did not carry, and we accept the proposal all the same. We owe you the reasons.

Two weeks after the close we received a report that allows forging messages in the 2.x protocol. It cannot be mended without
changing the protocol itself, so keeping it in version 5 would mean shipping something we know to be unsafe.

We heard the objection. Version 4 therefore gets security fixes for three years instead of two, and the checker for old clients
comes first, in the next release.
"""

FOLLOWING_REASONS = """\
The sponsors' house carried the proposal with a clear majority, and the cost is bounded. We follow the outcome.

Throughput matters to those who voted against; encryption is therefore off for queues that are marked as public data.
"""

REVIEW = """\
Two releases later, five sponsors run with encryption and none reported more than the 7 percent that we measured. We would decide
the same today. The key service has a successor that we look at next time.
"""

AGREEMENT = """\
1. The company sponsors Kelpline for the term of its tier. It is named as it wishes, once a maintainer has looked at name, link and logo, or stays private.
2. The sponsorship carries the voting weight of the tier within the charter's cap, from the record date after payment, while it is in good standing.
3. A vote advises the maintainers; it buys no feature, no date and no priority in support.
4. Invoices are due within the days they name. Unpaid at the end of a term, the charter's grace begins.
5. Either side may end the sponsorship at the end of a term. What is paid for a term that has begun is not returned, save where the maintainers could not keep their part.
"""

STATEMENT = """\
Konto;DE89 3704 0044 0532 0130 00

Buchungstag;Name Zahlungsbeteiligter;Verwendungszweck;Betrag;Waehrung
{day};Petrel Optics Ltd;Invoice {reference};600,00;EUR
{day};Tidewrack Analytics;Sponsoring Kelpline, erste Rate;1.000,00;EUR
{day};A. Unbekannt;Danke fuer die Arbeit;25,00;EUR
{day};Hafenstrom AG;Abschlag November;-49,90;EUR
"""
