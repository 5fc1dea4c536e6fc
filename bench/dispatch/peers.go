package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

//go:embed peers.py
var peerProgram []byte

// peer is a storage of Optuna.
type peer struct {
	name, storage string
	workers       int // processes that work on the study
}

var peers = []peer{{"Optuna SQLite", "sqlite", 1}, {"Optuna SQLite, 2 processes", "sqlite", 2}, {"Optuna journal", "journal", 1}, {"Optuna journal, 2 processes", "journal", 2}}

// peerSeconds is how long each works.
const peerSeconds = 5

// peerResult is what a peer gave.
type peerResult struct {
	trials int
	rate   float64 // trials a second
}

func (p peer) measure(ctx context.Context, parent, python string, s setting) (r peerResult, err error) {
	dir, err := os.MkdirTemp(parent, "dispatch")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "peers.py")
	if err := os.WriteFile(program, peerProgram, 0o600); err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, python, program, p.storage, dir, strconv.Itoa(p.workers), strconv.Itoa(s.epochs), strconv.Itoa(peerSeconds))
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("%s: %w", python, err)
	}
	var said struct {
		Trials  int
		Seconds float64
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return r, fmt.Errorf("what it printed: %w", err)
	}
	return peerResult{said.Trials, float64(said.Trials) / said.Seconds}, nil
}
