package main

import (
	"strings"
	"testing"
)

// Wrong values of flags, wrong numbers of arguments: each is said in one line that names the flag and the value, with what would be right,
// before anything starts; none shows what a library says.
func TestWrongFlags(t *testing.T) {
	s := newSite(t, "x", "")
	s.ok("plan", s.sweep) // the sweep is not what is wrong
	for _, c := range []struct{ line, says, hint string }{
		{"claim e2e --share x", `--share "x" is no number`, "slots in proportion"},
		{"claim e2e --share NaN", "a share of NaN", "above 0"},
		{"claim e2e --priority 1.5", `--priority "1.5" is no whole number`, "-8 to 8"},
		{"claim e2e --priority 9", "a priority of 9", "-8 to 8"},
		{"claim e2e --workers -1", "-1 workers", "at least 1"},
		{"claim", "automl claim accepts 1 arg", "automl claim STUDY"},
		{"run SWEEP --pin=maybe", "--pin=maybe is neither true nor false", "--pin: "},
		{"run SWEEP --max-processes x", `--max-processes "x" is no whole number`, "most processes"},
		{"run SWEEP --max-processes -3", "--max-processes -3", "or 0 for any"},
		{"run SWEEP --checkpoint-size 5", "--checkpoint-size", "a share such as 50%"},
		{"run SWEEP --log-size 5", "--log-size", "a share such as 50%"},
		{"runner --log-size 200%", "--log-size", "at most 100%"},
		{"run SWEEP --cache-size 8", "--cache-size", "8GiB"},
		{"run SWEEP --gpus nine", `there is no GPU "nine"`, "this machine has"},
		{"run SWEEP --listen nowhere", `--listen "nowhere" is no address`, "127.0.0.1:8080"},
		{"run", "automl run accepts 1 arg", "automl run SWEEP.yaml"},
		{"runner --slots x", `--slots "x" is no whole number`, "most trials at once"},
		{"runner --slots -1", "--slots -1", "how many trials"},
		{"runner --notice 30", `--notice "30" is no duration such as 90s`, "how long this machine stays"},
		{"runner --notice -5s", "--notice -5s", "such as 30s"},
		{"runner --name a/b", `--name "a/b" is no name`, "letters"},
		{"runner --per-gpu -2", "--per-gpu -2", "1 or more"},
		{"runner --join foo", "no join token", "automl join-token"},
		{"runner --nats nats://127.0.0.1:1", "--nats needs credentials", "--nats-creds"},
		{"join-token --life x", `--life "x" is no duration`, "how long the token"},
		{"join-token --runners x", `--runners "x" is no whole number`, "-1: any number"},
		{"daemon --nats-replicas x", `--nats-replicas "x" is no whole number`, "servers of the cluster"},
		{"daemon --nats nats://127.0.0.1:1 --nats-replicas 0", "--nats-replicas 0", "1 to 5"},
		{"daemon --listen 127.0.0.1:99999", `--listen "127.0.0.1:99999" is no address`, "127.0.0.1:8080"},
		{"daemon --bus-listen x", `--bus-listen "x" is no address`, "127.0.0.1:8080"},
		{"daemon --tls maybe", `--tls "maybe" is none of auto, on, off`, ""},
		{"status --server foo", `--server "foo" is no URL`, "http://127.0.0.1:8080"},
		{"list -o xml", `--output "xml" is none of table, json, yaml, csv`, ""},
		{"list --log-level loud", `--log-level "loud" is none of`, ""},
		{"stat", `unknown command "stat"`, "automl --help"},
	} {
		t.Run(c.line, func(t *testing.T) {
			r := s.run(strings.Fields(strings.Replace(c.line, "SWEEP", s.sweep, 1))...)
			if r.code != exitUsage || r.out != "" || !strings.Contains(r.err, c.says) || !strings.Contains(r.err, c.hint) || c.hint != "" && !strings.Contains(r.err, "hint: ") {
				t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
			}
			if strings.Contains(r.err, "strconv") || strings.Contains(r.err, "parsing") || strings.Contains(r.err, `"level":"info"`) {
				t.Errorf("a stranger reads: %s", r.err)
			}
		})
	}
}
