package main

// edit is a change of the source.
type edit struct {
	file     string
	old, new string // a piece, which must be there once, and what stands in its place
}

// protection is a piece of the program that some faults need. To see that they do, the program is built with that piece changed, by an
// overlay of the source: there is no switch in the program that could be left on.
type protection struct {
	name, about string
	faults      []string // that must be found without it
	edits       []edit
}

const (
	mail   = "search/daemon/mail.go"
	loop   = "search/daemon/daemon.go"
	commit = "search/daemon/commit.go"
	outbox = "runner/outbox.go"
)

var protections = []protection{
	{"persist-then-send", "what was decided is on record before anybody hears of it", []string{"kill-before-commit"}, []edit{
		{commit, "	defer d.tally.commit.since(time.Now())\n",
			"	for _, l := range r.letters {\n		_ = d.Bus.Send(l.run, l.out)\n	}\n	for _, f := range r.acks {\n		f()\n	}\n	time.Sleep(5 * time.Millisecond)\n	defer d.tally.commit.since(time.Now())\n"}}},
	{"commit-then-answer", "an ask or a tell is on record before it is answered", []string{"kill-at-sync-short"}, []edit{
		{"search/daemon/ask.go", "		return d.commit(ctx, c)", "		return nil"},
		{loop, "		case f := <-d.calls:\n			f()", "		case f := <-d.calls:\n			f()\n			time.Sleep(5 * time.Millisecond)"}}},
	{"failed-commit", "what could not be committed is thrown away, and answered to nobody", []string{"disk-full", "sync-fails"}, []edit{
		{commit, "	return written{c, r, d.Store.Append(ctx, c.spec.Study.ID, r.events)}",
			"	_ = d.Store.Append(ctx, c.spec.Study.ID, r.events)\n	return written{core: c, ready: r}"}}},
	{"spool", "a runner keeps what it has sent until it is receipted", []string{"bus-deleted", "bus-bit-flipped", "bus-truncated"}, []edit{
		{outbox, "	l.moving, l.tried = false, true\n", "	l.moving, l.tried = false, true\n	if err == nil {\n		o.forget(l)\n	}\n"},
		{outbox, "// end is when", "func (o *outbox) forget(l *letter) {\n	o.pending = slices.DeleteFunc(o.pending, func(q *letter) bool { return q == l })\n	o.spool.release(o.key, l.N)\n	if o.dispatch(); o.closed && len(o.pending) == 0 {\n		o.end()\n	}\n}\n\n// end is when"}}},
	{"resend", "a runner sends again what is not receipted", []string{"stop-lost", "bus-bit-flipped"}, []edit{
		{outbox, "		l.tried = false\n", ""}}},
	{"known-reports", "a report that is on record has no effect", []string{"every-message-thrice", "kill-before-ack", "late-replay"}, []edit{
		{mail, "	if !c.known(t, r) {", "	if true {"}}},
	{"in-order", "a message is not taken while an earlier one of its attempt is missing", []string{"sync-fails"}, []edit{
		{mail, "	if known && m.N > last+1 {", "	if false && known {"}}},
	{"order-known", "a daemon that was just started knows by the runner's receipts which messages are missing", []string{"bus-forgotten"}, []edit{
		{mail, "	if m.Since > 0 {", "	if false && m.Since > 0 {"}}},
	{"fencing", "a message counts only from the run that holds the lease of its attempt", []string{"sigstop"}, []edit{
		{mail, "t != nil && t.Open != nil && t.Open.Number == m.Key.Attempt && t.Open.Run == m.Run", "t != nil && t.Open != nil"}}},
	{"lease-ends", "a runner that is gone loses its attempts", []string{"kill-runner", "partition-long", "soak"}, []edit{
		{"search/daemon/members.go", "		for _, key := range c.held(run) {", "		for _, key := range c.held(run)[:0] {"}}},
	{"lease-lasts", "a runner that is away for less than a lease loses nothing", []string{"partition-short"}, []edit{
		{"search/daemon/members.go", "		if now.Sub(mem.heard) > d.Lease {", "		if now.Sub(mem.heard) > d.Lease/4 {"}}},
	{"boot-grace", "after a start, runners have time to be heard of", []string{"kill-daemon-short"}, []edit{
		{"search/daemon/members.go", "heard: d.boot.Add(d.Grace - d.Lease)}", "heard: d.boot.Add(-d.Lease)}"}}},
	{"lease-known", "a runner that has taken work is missed when it is gone, also before its first heartbeat", []string{"stale-ack"}, []edit{
		{"search/daemon/members.go", "	if g.Granted && d.runners[a.Run] == nil {", "	if false && g.Granted {"}}},
	{"republish", "work that nobody has leased is published again", []string{"stale-ack"}, []edit{
		{loop, "		case <-slow.C:\n			d.publishAgain()", "		case <-slow.C:"}}},
	{"clock-back", "nobody waits for a time that was recorded before the clock was set back", []string{"clocks"}, []edit{
		{mail, "	return left > 0 && left <= longest", "	return left > 0"}}},
	{"three-attempts", "a trial is given up after three attempts", []string{"poison"}, []edit{
		{mail, "tries >= trial.MaxFailures) {", "tries >= 100*trial.MaxFailures) {"}}},
	{"another-runner", "the last try of a trial is on another runner", []string{"poison"}, []edit{
		{mail, "	case others && c.onlyFailedOn(t, a.Runner):", "	case false && c.onlyFailedOn(t, a.Runner):"}}},
	{"oom-seen", "the kernel is asked what a trainer was killed for", []string{"out-of-memory"}, []edit{
		{"runner/process/classify.go", "case f.oom && (f.grouped || f.exit.killed() == syscall.SIGKILL):", "case f.oom && false:"}}},
	{"not-finite", "a metric that is not finite fails its trial", []string{"bad-metrics"}, []edit{
		{mail, "math.IsNaN(v) || math.IsInf(v, 0) {\n			return c.fail", "v > 1e308 && v < 1e307 {\n			return c.fail"}}},
	{"stuck", "a trainer without a sign of life is killed", []string{"hung"}, []edit{
		{"runner/watch.go", "		left, patience := t.patience()", "		left, patience := t.patience()\n		left = max(left, time.Hour)"}}},
	{"signs-of-life", "a trainer that shows life is not killed", []string{"slow"}, []edit{
		{"runner/child.go", "func (c *child) Beat() { c.beat() }", "func (c *child) Beat() {}"}}},
	{"lock", "one daemon a data directory", []string{"second-daemon"}, []edit{
		{"trial/store/lock.go", "unix.LOCK_EX|unix.LOCK_NB", "unix.LOCK_SH|unix.LOCK_NB"}}},
	{"epoch", "a transaction is refused once another daemon has opened the record", []string{"stale-daemon"}, []edit{
		{"trial/store/writer.go", "	if epoch == w.epoch {", "	if epoch >= w.epoch {"}}},
	{"backup", "the database is copied before it is migrated", []string{"migration"}, []edit{
		{"trial/store/migrate.go", "	if version > 0 {\n		if err := backupBefore", "	if version > 100 {\n		if err := backupBefore"}}},
	{"newer-schema", "a schema of a later version is refused", []string{"migration"}, []edit{
		{"trial/store/migrate.go", "	case version > latest:", "	case version > 100:"}}},
	{"write-ahead-log", "who reads keeps nobody from writing", []string{"long-reader-short"}, []edit{
		{"trial/store/conn.go", "_journal_mode=WAL", "_journal_mode=DELETE"},
		{"trial/store/store.go", `mode != "wal"`, `mode == ""`},
		{"trial/store/log.go", "	f, err := os.OpenFile(path+\"-wal\", os.O_WRONLY, 0)", "	f, err := os.OpenFile(path+\"-log\", os.O_WRONLY|os.O_CREATE, 0o600)"}}},
	{"one-transaction", "a step of a migration is one transaction", []string{"migration"}, []edit{
		{"trial/store/migrate.go", `conn.ExecContext(ctx, "BEGIN IMMEDIATE")`, `conn.ExecContext(ctx, "SELECT 1")`},
		{"trial/store/migrate.go", "PRAGMA application_id = %d; COMMIT", "PRAGMA application_id = %d"}}},
	{"streams-anew", "the daemon makes anew what the bus has lost", []string{"bus-restarted"}, []edit{
		{"trial/dispatch/daemon.go", "	made, err := ensureStreams(ctx, d.js, d.o)", "	made, err := d.made, ctx.Err()"}}},
	{"store-aside", "a store that the bus cannot start on is moved aside", []string{"bus-truncated"}, []edit{
		{"trial/dispatch/server.go", "		if !errors.Is(err, errStore) {", "		if true {"}}},
	{"heal", "the bus starts anew when its disk takes something again", []string{"bus-full"}, []edit{
		{"trial/dispatch/server.go", "	s.healing.Go(func() { s.heal(store, o.Log, up) })", ""}}},
	{"waiting-pulls", "more than 512 runners can wait for work at once", []string{"thousand-runners"}, []edit{
		{"trial/dispatch/streams.go", "	maxWaiting = 16384 ", "	maxWaiting = 512 "}}},
	{"quarantine", "what nobody can read is put aside", []string{"hostile-runner"}, []edit{
		{"trial/dispatch/options.go", "	err := o.Quarantine(subject, data, reason.Error())", "	err := error(nil)"}}},
	{"permissions", "a runner may send for itself only", []string{"hostile-runner"}, []edit{
		{"trial/dispatch/auth.go", "&server.User{Username: o.Username, Permissions: Permissions(RoleRunner, o.Name).server()}", "&server.User{Username: o.Username}"}}},
}
