package main

import (
	"net"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"automl/trial"
	"automl/trial/certs"
	"automl/trial/dispatch"
)

// serveFlags say where a daemon is reached, and by whom.
type serveFlags struct {
	listen    string
	bus       string
	advertise []string
	tls       string
	cert, key string
	ca        string
	cluster   clusterFlags
	shown     bool // no flag: automl run shows what is decided, so the log need not
}

const anyPort = "127.0.0.1:0"

// register adds the flags that automl run has too.
func (f *serveFlags) register(c *cobra.Command) {
	f.tls = "auto"
	c.Flags().StringVar(&f.listen, "listen", anyPort, "HOST:PORT of the HTTP API")
}

// registerAll adds those of automl daemon.
func (f *serveFlags) registerAll(c *cobra.Command) {
	f.register(c)
	c.Flags().StringVar(&f.bus, "bus-listen", "", "HOST:PORT of the message bus; default: the host of --listen, the port it had last")
	c.Flags().StringSliceVar(&f.advertise, "advertise", nil, "names and addresses by which other machines reach this one; the first stands in join tokens")
	c.Flags().StringVar(&f.tls, "tls", "auto", "auto (beyond loopback), on or off; off is refused beyond loopback")
	c.Flags().StringVar(&f.cert, "tls-cert", "", "certificate with its chain, in PEM; default: one that the daemon makes under its own authority, DATA-DIR/ca.pem")
	c.Flags().StringVar(&f.key, "tls-key", "", "key of --tls-cert")
	c.Flags().StringVar(&f.ca, "tls-ca", "", "authority of --tls-cert that clients shall trust; default: those of their systems")
	f.cluster.register(c)
	c.Flags().IntVar(&f.cluster.replicas, "nats-replicas", 3, "servers of the cluster of --nats that hold each message")
}

// secured is how a daemon is reached: over TLS, if there is an identity.
type secured struct {
	id   *certs.Identity
	host string // by which other machines reach it
}

// secure checks the addresses, and makes or reads the certificates where they are needed.
func (f *serveFlags) secure(dir string) (secured, error) {
	hosts := []string{}
	beyond := ""
	for i, listen := range []string{f.listen, f.bus} {
		if listen == "" {
			continue
		}
		host, err := checkListen([]string{"listen", "bus-listen"}[i], listen)
		if err != nil {
			return secured{}, err
		}
		if !dispatch.Loopback(host) {
			beyond = listen
		}
		hosts = append(hosts, host)
	}
	if n := f.cluster.replicas; f.cluster.urls != "" && (n < 1 || n > 5) {
		return secured{}, trial.Errorf(trial.Invalid, "--nats-replicas %d", n).WithHint("1 to 5, of as many servers; an odd number, so that a majority can stay")
	}
	s := secured{host: f.host(hosts[0])}
	switch {
	case f.tls == "off" && beyond != "":
		return s, trial.Errorf(trial.Invalid, "automl will not listen on %s without TLS: other machines reach it, and anybody between could read its token",
			beyond).WithHint("leave --tls at auto, or listen on 127.0.0.1 and tunnel")
	case f.tls != "auto" && f.tls != "on" && f.tls != "off":
		return s, trial.Errorf(trial.Invalid, "--tls %q is none of auto, on, off", f.tls)
	case (f.cert == "") != (f.key == "") || f.ca != "" && f.cert == "":
		return s, trial.Errorf(trial.Invalid, "--tls-cert and --tls-key are needed together, and by --tls-ca")
	case f.tls == "off" || f.tls == "auto" && beyond == "" && f.cert == "":
		return s, nil
	case f.cert != "":
		id, err := certs.Given(f.cert, f.key, f.ca)
		s.id = &id
		if len(f.advertise) == 0 {
			s.host = id.Host
		}
		return s, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return s, trial.Wrap(trial.Storage, err, "make the data directory")
	}
	id, err := certs.Generated(dir, f.names(s.host, hosts), time.Now)
	s.id = &id
	return s, err
}

// host is the name that other machines use: what was told, else the address that is listened on, else this machine's name.
func (f *serveFlags) host(listen string) string {
	if len(f.advertise) > 0 {
		return f.advertise[0]
	}
	if ip := net.ParseIP(listen); listen != "" && (ip == nil || !ip.IsUnspecified()) {
		return listen
	}
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "127.0.0.1"
}

// names is every name and address for the certificate. Those of this machine's interfaces are in it when all are listened on.
func (f *serveFlags) names(host string, listen []string) []string {
	out := append([]string{host}, f.advertise...)
	for _, h := range listen {
		if ip := net.ParseIP(h); h != "" && (ip == nil || !ip.IsUnspecified()) {
			out = append(out, h)
			continue
		}
		all, _ := net.InterfaceAddrs() // without them there are the names that were told
		for _, a := range all {
			if n, isNet := a.(*net.IPNet); isNet {
				out = append(out, n.IP.String())
			}
		}
	}
	if name, err := os.Hostname(); err == nil {
		out = append(out, name)
	}
	out = append(out, "localhost", "127.0.0.1", "::1")
	slices.Sort(out[1:])
	return slices.Compact(out)
}

// busAddress is where the embedded bus listens: where it was told, else on the host of the API, at the port that the bus of the data
// directory had last, if that is free.
func (f *serveFlags) busAddress(dir string) string {
	if f.bus != "" {
		return f.bus
	}
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return anyPort
	}
	return lastAddress(dir, host)
}
