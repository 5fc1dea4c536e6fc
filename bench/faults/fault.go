package main

// fault is one way in which things go wrong.
type fault struct {
	number int // as docs/reliability.md counts them
	name   string
	about  string
	short  bool // done within seconds: part of ./check
	scale  float64
	run    func(*world)
}

// faults are all of them. A script does what it does, and returns when the study has ended; what must hold then is checked behind it.
var faults = []fault{
	{0, "undisturbed", "nothing: what is checked holds then, also without a protection", true, .1, undisturbed},
	{1, "kill-runner", "kill -9 of a runner in the middle of an epoch, twice", true, .1, killRunner},
	{2, "kill-daemon", "kill -9 of the daemon, 20 times at random moments", false, .1, killDaemon(20)},
	{2, "kill-daemon-short", "kill -9 of the daemon, 4 times at random moments", true, .2, killDaemon(4)},
	{3, "kill-at-sync", "SIGKILL at the N-th time SQLite makes something durable, N = 1 to 200", false, .1, killAtSync(200)},
	{3, "kill-at-sync-short", "SIGKILL at the N-th time SQLite makes something durable, for some N", true, .1, killAtSync(12)},
	{4, "kill-before-ack", "SIGKILL between the commit and the acknowledgement", true, .1, killAround("after")},
	{5, "kill-before-commit", "SIGKILL after the bus has taken a report and before it is committed", true, .1, killAround("unwritten")},
	{6, "bus-restarted", "an external NATS server dies and comes back, with its store and without", true, .1, busRestarted},
	{7, "bus-deleted", "the directory of JetStream deleted while the daemon is down", true, .1, busDamaged(deleteStore)},
	{7, "bus-forgotten", "the same for long, under trainers that take their time", false, .1, busForgotten},
	{8, "bus-bit-flipped", "a bit flipped in each message block of JetStream", true, .1, busDamaged(flipBits)},
	{9, "bus-truncated", "message blocks truncated, o.dat and index.db deleted", true, .1, busDamaged(truncateStore)},
	{10, "partition-short", "the line of a runner is cut for half a lease", true, .2, partitionShort},
	{11, "partition-long", "the line of a runner is cut for longer than lease and grace", true, .05, partitionLong},
	{12, "every-message-thrice", "every message three times, shuffled: the same database as without", true, .1, everyMessageThrice},
	{13, "late-replay", "everything that was sent is sent again long after it was acknowledged", true, .1, lateReplay},
	{14, "stale-ack", "a runner holds work beyond the bus's patience and acknowledges it then", true, .05, staleAck},
	{15, "clocks", "clocks of daemon and runner off by a day, in both directions", true, .1, clocks},
	{16, "disk-full", "no space left for the database", true, .1, diskFull},
	{17, "bus-full", "no space left for JetStream", true, .1, busFull},
	{18, "sync-fails", "EIO when SQLite makes something durable", true, .1, syncFails},
	{19, "poison", "a trial that kills its runner every time", true, .1, poison},
	{20, "out-of-memory", "a trial that takes more memory than it may", true, .1, outOfMemory},
	{21, "bad-metrics", "NaN, infinity, 1e999 and no metric at all", true, .1, badMetrics},
	{22, "hung", "a trial that does nothing any more, while its runner is well", true, .1, hung},
	{23, "slow", "a trial that is slow but shows life", true, .1, slow},
	{24, "sigstop", "a runner is stopped for longer than its lease, then goes on", true, .05, sigstop},
	{25, "second-daemon", "a second daemon on the same directory", true, .1, secondDaemon},
	{26, "stale-daemon", "a daemon that was taken for dead goes on beside its successor", true, .1, staleDaemon},
	{27, "migration", "SIGKILL in each step of a migration; a newer schema is refused", true, .1, migration},
	{28, "long-reader", "a notebook holds a read transaction for a minute under load", false, .1, longReader(60)},
	{28, "long-reader-short", "a notebook holds a read transaction under load", true, .1, longReader(3)},
	{29, "thousand-runners", "1000 runners connect, and all again after a restart", false, .5, thousandRunners},
	{30, "hostile-runner", "forged subjects, oversize, bad JSON, ../ in paths, a bomb in YAML", true, .1, hostileRunner},
	{31, "stop-lost", "messages that tell a runner to stop are lost", true, .1, stopLost},
	{32, "soak", "kills, cuts, pauses and replays at random, on one study", false, .1, soak},
}
