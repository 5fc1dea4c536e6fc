package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"automl/trial"
)

// configured is the daemon command with flags and a configuration file.
func configured(t *testing.T, file string, args ...string) (*app, *cobra.Command, error) {
	t.Helper()
	a := &app{out: io.Discard, err: io.Discard}
	c, rest, err := a.root().Find(append([]string{"daemon"}, args...))
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err != nil {
		t.Fatal(err)
	}
	if file != "" {
		if err := c.Flags().Set(configFlag, file); err != nil {
			t.Fatal(err)
		}
	}
	return a, c, c.PreRunE(c, nil)
}

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "daemon.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// value is what a flag is set to.
func value(c *cobra.Command, flag string) string { return c.Flags().Lookup(flag).Value.String() }

func TestConfigPrecedence(t *testing.T) {
	file := written(t, "listen: 127.0.0.1:1\nbus_listen: 127.0.0.1:1\nadvertise: [a, b]\nlog_level: warn\ntls: {mode: \"on\", cert: tls/server.pem}\ndata_dir: data\n"+
		"nats: {url: [nats://a:1, nats://b:2], creds: /x/seed, replicas: 5}\nno_progress: true\n")
	t.Setenv("AUTOML_BUS_LISTEN", "127.0.0.1:2")
	t.Setenv("AUTOML_LISTEN", "127.0.0.1:2")
	t.Setenv("AUTOML_NATS_REPLICAS", "7")
	t.Setenv("AUTOML_LAB", "scale=9") // hidden: not for the environment
	a, c, err := configured(t, file, "--listen", "127.0.0.1:3")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(file)
	for flag, want := range map[string]string{"listen": "127.0.0.1:3", "bus-listen": "127.0.0.1:2", "nats-replicas": "7", "advertise": "[a,b]", "log-level": "warn", "tls": "on",
		"tls-cert": filepath.Join(dir, "tls/server.pem"), "data-dir": filepath.Join(dir, "data"), "nats": "nats://a:1,nats://b:2", "nats-creds": "/x/seed", "no-progress": "true", "lab": ""} {
		if got := value(c, flag); got != want {
			t.Errorf("--%s is %q, want %q", flag, got, want)
		}
	}
	if a.dataDir != filepath.Join(dir, "data") || a.logLevel != "warn" {
		t.Errorf("the program has %q, %q", a.dataDir, a.logLevel)
	}
	t.Setenv("AUTOML_CONFIG", file)
	if _, c, err := configured(t, ""); err != nil || value(c, "log-level") != "warn" {
		t.Errorf("by the environment: %v", err)
	}
}

func TestConfigErrors(t *testing.T) {
	for text, says := range map[string]string{
		"listen: 1\nlisetn: 2\n":            `daemon.yaml:2:1: lisetn: there is no such setting`,
		"bus-listen: 1\n":                   `did you mean "bus_listen"?`,
		"nats: {url: x, cred: y}\n":         `daemon.yaml:1:16: nats.cred: there is no such setting`,
		"nats: {replicas: many}\n":          `daemon.yaml:1:18: nats.replicas: "many" is no whole number`,
		"listen: [a, b]\n":                  `daemon.yaml:1:9: listen: is a list`,
		"listen:\n":                         `listen: is nothing, not a value`,
		"advertise: [a, {b: c}]\n":          `advertise: is a section`,
		"nats_creds: a\nnats: {creds: b}\n": `daemon.yaml:2:8: nats.creds: is set by nats_creds already`,
		"listen: a\nlisten: b\n":            `daemon.yaml:2:1: listen: is set by listen already`,
		"lab: scale=1\n":                    `there is no such setting`,
		"config: other.yaml\n":              `there is no such setting`,
		"- listen\n":                        `where there must be keys`,
		"a: &x b\nlisten: *x\n":             `anchors`,
		"listen: {a: b}\n":                  `listen: is a section`,
		"listen: a: b\n":                    `daemon.yaml:1`,
		"log_level: loud\n":                 `--log-level "loud"`,
	} {
		_, _, err := configured(t, written(t, text))
		if err == nil || !strings.Contains(err.Error(), says) || trial.CodeOf(err) != trial.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, _, err := configured(t, filepath.Join(t.TempDir(), "none.yaml")); err == nil || trial.CodeOf(err) != trial.Invalid {
		t.Errorf("no file: %v", err)
	}
	var said strings.Builder
	a := &app{out: io.Discard, err: &said}
	if code := a.run(t.Context(), []string{"daemon", "--config", written(t, "data_dir: d\nlisen: x\n")}); code != exitUsage || !strings.Contains(said.String(), "daemon.yaml:2:1: lisen:") {
		t.Errorf("exit %d: %s", code, said.String())
	}
	t.Setenv("AUTOML_NATS_REPLICAS", "x")
	if _, _, err := configured(t, ""); err == nil || !strings.Contains(err.Error(), "AUTOML_NATS_REPLICAS") {
		t.Errorf("the environment: %v", err)
	}
}

// TestConfigExample: the example is a configuration, also with what is commented out, and names the flags as they are.
func TestConfigExample(t *testing.T) {
	text := deployed(t, "daemon/daemon.yaml")
	if _, c, err := configured(t, written(t, text)); err != nil || value(c, "listen") != "0.0.0.0:8080" {
		t.Errorf("%v", err)
	}
	full := regexp.MustCompile(`(?m)^# ((nats|tls):|  [a-z]+:)`).ReplaceAllString(text, "$1")
	_, c, err := configured(t, written(t, full))
	if err != nil {
		t.Fatal(err)
	}
	unset := map[string]bool{"config": true, "help": true, "tls": true, "server": true, "token-file": true, "ca-file": true, "output": true, "no-progress": true}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && !unset[f.Name] && f.Value.String() == "" {
			t.Errorf("--%s is not in the example", f.Name)
		}
	})
	if value(c, "nats-creds") != "/etc/automl/daemon.seed" || !strings.Contains(value(c, "nats"), "n3.example.org") {
		t.Errorf("nats: %s, %s", value(c, "nats"), value(c, "nats-creds"))
	}
}
