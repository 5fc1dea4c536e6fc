package main

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"automl/trial/private"
)

// A daemon that is started again takes the port of its bus that it had before, so that runners on other terms than daemon.json
// find it again by themselves.
const addressFile = "nats-listen"

// lastAddress is a host with the port that the bus of a data directory had last, if that is free; else with any port.
func lastAddress(dir, host string) string {
	free := net.JoinHostPort(host, "0")
	text, err := os.ReadFile(filepath.Join(dir, addressFile))
	if err != nil {
		return free
	}
	_, port, err := net.SplitHostPort(strings.TrimSpace(string(text)))
	if err != nil {
		return free
	}
	address := net.JoinHostPort(host, port)
	l, err := net.Listen("tcp", address)
	if err != nil {
		return free
	}
	_ = l.Close()
	return address
}

func keepAddress(dir, natsURL string) error {
	u, err := url.Parse(natsURL)
	if err != nil {
		return err
	}
	return private.Write(filepath.Join(dir, addressFile), []byte(u.Host+"\n"))
}
