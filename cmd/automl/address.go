package main

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// A daemon that is started again takes the port of its bus that it had before, so that runners on other terms than daemon.json
// find it again by themselves.
const addressFile = "nats-listen"

// lastAddress is where the bus of a data directory listened last, if that port is free; else any port of loopback.
func lastAddress(dir string) string {
	const any = "127.0.0.1:0"
	text, err := os.ReadFile(filepath.Join(dir, addressFile))
	if err != nil {
		return any
	}
	address := strings.TrimSpace(string(text))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return any
	}
	_ = l.Close()
	return address
}

func keepAddress(dir, natsURL string) error {
	u, err := url.Parse(natsURL)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, addressFile), []byte(u.Host+"\n"), 0o600)
}
