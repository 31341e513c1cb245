"""Every bound of the client, each beside its reason. Durations are seconds, sizes are bytes."""

# Between two signs of life: half of the shortest usual heartbeat (30 s), less the way there.
BEAT = 14.0
# Signs of life are never more frequent: a heartbeat below half a second is not kept up with.
BEAT_MIN = 0.25
# From a ping to the word that the connection is dead, and for a poll to be late: several round trips of a bad mobile line.
PONG = 10.0
# For a socket to open: past it the network swallows it, and polling is the answer.
OPEN = 10.0
# For a socket's closing handshake: the other end may be gone.
CLOSE_SOCKET = 1.0
# For an answer to an event or a call; then the same event is sent again under the same id.
ANSWER = 30.0
# For one request of an artifact: ten megabytes over a slow line.
ARTIFACT = 300.0
# Tries of an artifact's request that gets no further.
ARTIFACT_TRIES = 8
# A part as the server stores it; what is no larger goes in one request.
PART_BYTES = 5 * 1024 * 1024
# The longest that a poll waits: the server takes no more.
POLL = 25.0
# A poll that came back empty sooner than this was not held open: wait, or it becomes a busy loop.
EMPTY_POLL = 1.0
# First and longest pause of the exponential back-off.
BACKOFF_BASE = 0.25
BACKOFF_MAX = 30.0
# Back-off goes no further after a connection that died young and yet gave events: the line is bad, the server is there. At most 4 s.
CARRIED_ATTEMPTS = 4
# A connection that lived this long was a good one: back-off starts anew.
STABLE = 10.0
# Sockets in a row that opened and died young: then something on the way does not bear them, and polling does.
SHORT_LIVES = 3
# While polling: until a socket is tried again, doubling to the longest.
UPGRADE = 30.0
UPGRADE_MAX = 600.0
# Before coming back after 4429 without a word on when.
RATE = 10.0
# Before coming back after being replaced: two processes with one token must not throw each other out in a loop.
REPLACED = 30.0
# Connections that a new one may say it replaces: the server takes no more.
REPLACES = 16
# Acknowledgements wait this long for company; numbers in one of them: the server takes 1,000.
ACK = 0.1
ACK_BATCH = 500
# Acknowledgements kept while there is no connection; what is forgotten is given again and known as a repeat.
PENDING_ACKS = 10_000
# Ids of events that were dealt with: a mailbox holds 10,000 at most.
SEEN_EVENTS = 10_000
# Events given and not dealt with, beyond the slots: at 256 KiB each, 64 MiB. Past it they stay in the mailbox, which gives them again.
IN_HAND = 256
# Events not yet accepted, and their bytes. Past it `send` raises `outbox_full`.
OUTBOX_EVENTS = 1_000
OUTBOX_BYTES = 16 * 1024 * 1024
# Events under way at once.
WINDOW = 64
# One event: the server takes no more.
EVENT_BYTES = 256 * 1024
# One frame, and one page of a poll: 256 of the largest events, and room for a newer server.
FRAME_BYTES = 1024 * 1024
PAGE_BYTES = 96 * 1024 * 1024
# An error or a note that is sent: the server takes 1,024.
ERROR_BYTES = 1_000
# Offers kept for when a slot is free, and verdicts remembered: more than come between two greetings.
WAITING_OFFERS = 256
SETTLED_OFFERS = 1_000
# Between two looks at `/v1/me` for slots that are wrongly held as taken, and the longest while they find nothing.
RESYNC = 10.0
RESYNC_MAX = 60.0
# From the greeting until a turn that the server calls open, and that no connection gave, is taken as given.
STRANDED = 2.0
# An event older than this may be over: it is checked first. Covers rounding of clocks.
STALE = 2.0
# Answers kept for turns that are seen again.
ANSWERS = 1_000
# For a handler to end once its turn is revoked; then its place is given to the next turn.
REVOKE_GRACE = 10.0
# For closing to hand in what is made and not sent, and to hear the verdict on a claim.
CLOSE = 5.0
VERDICT = 1.0
# Tokens, and cost, that a server takes of one answer.
USAGE_TOKENS = 1_000_000_000
USAGE_COST = 1_000_000
