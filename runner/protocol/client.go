package protocol

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"

	"automl/trial"
)

// Client is the trainer's side of the protocol, for trainers written in Go. It is not safe for concurrent use.
type Client struct {
	Work Work
	conn net.Conn
	in   *bufio.Reader
}

// Dial reads the work file and connects to the runner, both named by the environment.
func Dial() (*Client, error) {
	path, socket := os.Getenv(EnvAssignment), os.Getenv(EnvSocket)
	if path == "" || socket == "" {
		return nil, fmt.Errorf("%s and %s are not set: a trainer is started by a runner", EnvAssignment, EnvSocket)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the work: %w", err)
	}
	c := &Client{}
	if err := json.Unmarshal(data, &c.Work); err != nil {
		return nil, fmt.Errorf("read the work %s: %w", path, err)
	}
	if c.conn, err = net.Dial("unix", socket); err != nil {
		return nil, fmt.Errorf("reach the runner: %w", err)
	}
	c.in = bufio.NewReader(c.conn)
	return c, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Report sends the metrics of an epoch and waits for the decision.
func (c *Client) Report(r Report) (trial.Verb, error) {
	a, err := c.ask(Message{Report: &r})
	return a.Decision, err
}

// Checkpoint says that CheckpointOut is complete and waits until the runner has taken it; CheckpointOut is empty afterwards.
func (c *Client) Checkpoint(epoch int) error {
	_, err := c.ask(Message{Checkpoint: &Checkpoint{Epoch: epoch}})
	return err
}

// Artifact says that ArtifactOut is complete and waits until the runner has taken it.
func (c *Client) Artifact(m trial.Metrics) error {
	_, err := c.ask(Message{Artifact: &Artifact{Metrics: m}})
	return err
}

// Progress tells how far the epoch is.
func (c *Client) Progress(epoch, step, steps int) error {
	return c.send(Message{Progress: &Progress{epoch, step, steps}})
}

// Folds proves which folds were drawn.
func (c *Client) Folds(hash string, n int) error {
	return c.send(Message{Folds: &Folds{hash, n}})
}

// Fail names the cause of the failing exit that follows.
func (c *Client) Fail(kind trial.Failure, message string) error {
	return c.send(Message{Failure: &Failure{kind, message}})
}

func (c *Client) send(m Message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = c.conn.Write(append(line, '\n'))
	return err
}

func (c *Client) ask(m Message) (Answer, error) {
	if err := c.send(m); err != nil {
		return Answer{}, err
	}
	line, err := c.in.ReadBytes('\n')
	if err != nil {
		return Answer{}, fmt.Errorf("the runner is gone: %w", err)
	}
	var a Answer
	if err := json.Unmarshal(line, &a); err != nil {
		return Answer{}, fmt.Errorf("the runner's answer %q: %w", line, err)
	}
	if a.Error != "" {
		return Answer{}, fmt.Errorf("the runner: %s", a.Error)
	}
	return a, nil
}
