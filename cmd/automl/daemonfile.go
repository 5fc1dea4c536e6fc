package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"automl/trial"
	"automl/trial/private"
)

// daemonInfo is DATA-DIR/daemon.json: where the daemon of a data directory is reached from this machine.
type daemonInfo struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	NATS  string `json:"nats"`
	PID   int    `json:"pid"`
	CA    string `json:"ca,omitempty"` // file with the authority of its certificate, where it has one of its own
}

func daemonFile(dir string) string { return filepath.Join(dir, "daemon.json") }

// writeDaemonFile makes the file appear at once and readable for its owner alone, since it holds the token.
func writeDaemonFile(dir string, info daemonInfo) error {
	data, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	return private.Write(daemonFile(dir), append(data, '\n'))
}

func readDaemonFile(dir string) (daemonInfo, error) {
	var info daemonInfo
	data, err := os.ReadFile(daemonFile(dir))
	if err != nil {
		return info, trial.Errorf(trial.Unavailable, "no daemon runs on %s", dir).
			WithHint("start one with automl daemon --data-dir %s, or name one with --server URL", dir)
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return info, trial.Wrap(trial.Unavailable, err, "read %s", daemonFile(dir))
	}
	return info, nil
}

func removeDaemonFile(dir string) error { return os.Remove(daemonFile(dir)) }
