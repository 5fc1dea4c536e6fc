package main

import (
	"crypto/tls"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"automl/trial"
	"automl/trial/certs"
	"automl/trial/dispatch"
)

// clusterFlags name NATS servers that are not the daemon's own.
type clusterFlags struct {
	urls     string
	creds    string
	ca       string
	replicas int
}

func (f *clusterFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.urls, "nats", "", "URLs of NATS servers, with commas between; default: the daemon's own")
	c.Flags().StringVar(&f.creds, "nats-creds", "", "credentials for --nats: a .creds file, or one with the seed of an nkey")
	c.Flags().StringVar(&f.ca, "nats-ca", "", "authority of the certificates of --nats, in PEM; default: those of this system")
}

// options are those of a connection to the cluster.
func (f clusterFlags) options() (dispatch.Options, error) {
	o := dispatch.Options{URL: f.urls, Credentials: dispatch.Credentials{File: f.creds}, Replicas: f.replicas, Patient: true}
	var err error
	o.TLS, err = trustFile(f.ca)
	return o, err
}

// trustFile is what a client needs that trusts the authorities in a file; nil without one.
func trustFile(path string) (*tls.Config, error) {
	if path == "" {
		return nil, nil
	}
	ca, err := os.ReadFile(path)
	if err != nil {
		return nil, trial.Wrap(trial.Invalid, err, "read the authority to trust")
	}
	c, err := certs.Client(ca)
	return c, trial.Wrap(trial.Invalid, err, "%s", path)
}

// local are the options of a runner on the daemon's machine, from daemon.json.
func local(dir, auth string) (dispatch.Options, error) {
	info, err := readDaemonFile(dir)
	if err != nil {
		return dispatch.Options{}, err
	}
	return shared(dir, info.NATS, auth, info.CA)
}

// shared are the options of a runner that has the secret that all runners of the daemon's machine share.
func shared(dir, url, auth, ca string) (dispatch.Options, error) {
	o := dispatch.Options{URL: url}
	if auth == "" {
		auth = filepath.Join(dir, dispatch.AuthFile)
	}
	var err error
	if o.TLS, err = trustFile(ca); err != nil {
		return o, err
	}
	o.Credentials, err = dispatch.LoadCredentials(auth, dispatch.RoleRunner)
	return o, err
}
