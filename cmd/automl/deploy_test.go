package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"automl/trial/dispatch"
)

// The files of deploy/ are held to the program they start: commands and flags, metrics, permissions, signals.

func deployed(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../deploy", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// parses holds a command line, without the program's name, to the commands and flags there are, and returns its flags.
func parses(t *testing.T, args []string) map[string]string {
	t.Helper()
	a := &app{out: io.Discard, err: io.Discard}
	c, rest, err := a.root().Find(args)
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if err != nil || !c.Runnable() {
		t.Errorf("automl %s: %v", strings.Join(args, " "), err)
	}
	flags := map[string]string{}
	if c.Flags().Lookup("notice") != nil {
		flags["notice"] = c.Flags().Lookup("notice").Value.String()
	}
	return flags
}

func TestSystemdUnits(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for _, name := range []string{"automl-daemon.service", "automl-runner.service"} {
		text := deployed(t, "systemd/"+name)
		line := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/automl (.+)$`).FindStringSubmatch(text)
		if line == nil {
			t.Fatalf("%s starts nothing", name)
		}
		flags := parses(t, strings.Fields(line[1]))
		if notice, ok := flags["notice"]; ok {
			stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(text)
			n, _ := time.ParseDuration(notice)
			if s, _ := time.ParseDuration(stop[1] + "s"); s < n {
				t.Errorf("%s is killed after %v, before its notice of %v is over", name, s, n)
			}
		}
		path := filepath.Join(dir, name)
		text = strings.NewReplacer("/usr/local/bin/automl", "/bin/true", "User=automl-runner", "User=root").Replace(text)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze here: the units are not verified by it")
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", append([]string{"verify", "--man=no"}, paths...)...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "Unknown key") && strings.Contains(line, "'DelegateSubgroup'") { // systemd before 254 does without
			continue
		}
		if strings.Contains(line, dir) || strings.HasPrefix(line, "automl-") {
			t.Errorf("systemd-analyze: %s", line)
		}
	}
	if err != nil && !strings.Contains(string(out), "Failed to") { // without a running systemd it verifies less
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}

func TestContainerfile(t *testing.T) {
	known := []string{"ARG", "FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
	var cmd, entry []string
	for line := range strings.Lines(deployed(t, "container/Containerfile")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if !slices.Contains(known, word) {
			t.Errorf("unknown instruction %s", line)
		}
		switch word {
		case "CMD":
			_ = json.Unmarshal([]byte(rest), &cmd)
		case "ENTRYPOINT":
			_ = json.Unmarshal([]byte(rest), &entry)
		case "COPY":
			if from := strings.Fields(rest)[0]; !strings.HasPrefix(from, "--from") {
				if _, err := os.Stat(filepath.Join("../..", from)); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if !slices.Equal(entry, []string{"automl"}) || len(cmd) == 0 {
		t.Fatalf("entry %q, command %q", entry, cmd)
	}
	parses(t, cmd)
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	if !strings.Contains(deployed(t, "container/Containerfile"), "FROM golang:"+string(version[1])+" ") {
		t.Errorf("the image is not built with Go %s", version[1])
	}
}

// kube is as much of a Kubernetes object as the manifest uses; what it has beyond is an error.
type kube struct {
	APIVersion, Kind string
	Metadata         struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		ClusterIP, ServiceName string
		Selector               map[string]any
		Ports                  []struct {
			Name string
			Port int
		}
		Replicas, Parallelism, Completions, BackoffLimit int
		Template                                         struct {
			Metadata struct{ Labels map[string]string }
			Spec     pod
		}
		VolumeClaimTemplates []map[string]any
	}
}

type pod struct {
	RestartPolicy                 string
	TerminationGracePeriodSeconds int
	SecurityContext               map[string]any
	Volumes                       []map[string]any
	Containers                    []struct {
		Name, Image                   string
		Args                          []string
		Env                           []map[string]any
		Ports                         []struct{ ContainerPort int }
		ReadinessProbe, LivenessProbe map[string]any
		Resources                     map[string]any
		SecurityContext               map[string]any
		VolumeMounts                  []map[string]string
	}
}

// camel writes keys as Kubernetes has them in lower case, since that is how the decoder looks fields up.
func camel(text string) string {
	return regexp.MustCompile(`(?m)([{\s,-])([a-z]+[A-Z][A-Za-z]*):`).ReplaceAllStringFunc(text, strings.ToLower)
}

func TestKubernetesManifest(t *testing.T) {
	d := yaml.NewDecoder(strings.NewReader(camel(deployed(t, "kubernetes/automl.yaml"))), yaml.Strict())
	seen := map[string]kube{}
	for {
		var k kube
		err := d.Decode(&k)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		seen[k.Kind] = k
		for _, c := range k.Spec.Template.Spec.Containers {
			flags := parses(t, c.Args)
			grace := time.Duration(k.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
			if n, err := time.ParseDuration(flags["notice"]); err == nil && grace <= n {
				t.Errorf("%s is killed after %v, before its notice of %v is over", c.Name, grace, n)
			}
		}
	}
	if len(seen) != 3 || seen["Service"].APIVersion != "v1" || seen["StatefulSet"].APIVersion != "apps/v1" || seen["Job"].APIVersion != "batch/v1" {
		t.Fatalf("objects %v", seen)
	}
	set, service := seen["StatefulSet"].Spec, seen["Service"]
	if set.Replicas != 1 || set.ServiceName != service.Metadata.Name || len(service.Spec.Ports) != 2 {
		t.Errorf("%d daemons behind %s: %+v", set.Replicas, set.ServiceName, service.Spec.Ports)
	}
	args := strings.Join(set.Template.Spec.Containers[0].Args, " ")
	for i, p := range service.Spec.Ports {
		if set.Template.Spec.Containers[0].Ports[i].ContainerPort != p.Port || !strings.Contains(args, []string{"0.0.0.0:8080", "0.0.0.0:4222"}[i]) {
			t.Errorf("port %+v", p)
		}
	}
	for key, value := range service.Spec.Selector {
		if set.Template.Metadata.Labels[key] != value {
			t.Errorf("the service selects %s=%v, the daemon is %v", key, value, set.Template.Metadata.Labels)
		}
	}
}

func TestSlurmScript(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	script, err := filepath.Abs("../../deploy/slurm/runner.sbatch")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), bash, "-n", script).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	known := []string{"job-name", "array", "ntasks", "cpus-per-task", "gres", "time", "signal", "requeue", "output"}
	for _, m := range regexp.MustCompile(`(?m)^#SBATCH --([a-z-]+)`).FindAllStringSubmatch(deployed(t, "slurm/runner.sbatch"), -1) {
		if !slices.Contains(known, m[1]) {
			t.Errorf("unknown option of sbatch: %s", m[1])
		}
	}
	work := t.TempDir()
	run := func(env ...string) (string, error) {
		c := exec.CommandContext(t.Context(), bash, script)
		c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "AUTOML_SRUN=", "AUTOML=echo", "AUTOML_WORK=" + work, "HOME=" + work}, env...)
		out, err := c.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	out, err := run("AUTOML_JOIN=automl://a:b@h:1/", "SLURM_ARRAY_JOB_ID=7", "SLURM_ARRAY_TASK_ID=3")
	if err != nil || !strings.Contains(out, "--name slurm-7-3") || !strings.Contains(out, work+"/slurm-7-3") {
		t.Errorf("%v: %s", err, out)
	}
	parses(t, strings.Fields(out))
	if i, err := os.Stat(filepath.Join(work, "slurm-7-3")); err != nil || i.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", i, err)
	}
	if out, err := run(); err == nil || !strings.Contains(out, "join-token") {
		t.Errorf("without a token: %v %s", err, out)
	}
}

func TestNATSPermissions(t *testing.T) {
	for name, value := range map[string]string{"NATS_NAME": "n1", "NATS_LISTEN": `"127.0.0.1:4222"`, "NATS_ROUTE": `"127.0.0.1:6222"`,
		"NATS_ROUTES": "[nats://n1:6222]", "NATS_STORE": `"/tmp/x"`} {
		t.Setenv(name, value)
	}
	users := []string{"AUTOML_DAEMON", "AUTOML_BOX1", "AUTOML_BOX2"}
	want := map[string]dispatch.Grants{}
	for i, name := range users {
		pair, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		public, _ := pair.PublicKey()
		t.Setenv(name, public)
		want[public] = []dispatch.Grants{dispatch.Permissions(dispatch.RoleDaemon, ""), dispatch.Permissions(dispatch.RoleRunner, "box1-*"),
			dispatch.Permissions(dispatch.RoleRunner, "box2-*")}[i]
	}
	o, err := server.ProcessConfigFile(natsConfig)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Nkeys) != 3 || len(o.Users) != 0 || o.MaxPayload != dispatch.MaxMessage {
		t.Errorf("%d nkeys, %d users, messages of %d bytes", len(o.Nkeys), len(o.Users), o.MaxPayload)
	}
	for _, u := range o.Nkeys {
		g := want[u.Nkey]
		if u.Permissions == nil || !same(u.Permissions.Publish.Allow, g.Publish) || !same(u.Permissions.Subscribe.Allow, g.Subscribe) {
			t.Errorf("a user may %+v, the program needs %+v", u.Permissions, g)
		}
	}
}

func same(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// Every metric that the dashboard shows is one that a daemon with a study gives.
func TestGrafanaDashboard(t *testing.T) {
	var d struct {
		Title, UID    string
		SchemaVersion int
		Panels        []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ RefID, Expr string }
		}
		Templating struct{ List []struct{ Name, Type string } }
	}
	if err := json.Unmarshal([]byte(deployed(t, "grafana/automl.json")), &d); err != nil {
		t.Fatal(err)
	}
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 39 || len(d.Panels) < 8 || len(d.Templating.List) != 2 {
		t.Fatalf("%+v", d)
	}
	s := newSite(t, "x", "")
	s.start(s.dir, "daemon")
	info := s.up()
	s.ok("submit", s.sweep)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, info.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+info.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	series := map[string]bool{}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if name := regexp.MustCompile(`^automl_[a-z_]+`).FindString(lines.Text()); name != "" {
			series[name] = true
		}
	}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.Type == "" || p.GridPos.W == 0 || len(p.Targets) == 0 {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			names := regexp.MustCompile(`automl_[a-z_]+`).FindAllString(q.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%s shows %q", p.Title, q.Expr)
			}
			for _, name := range names {
				if !series[name] {
					t.Errorf("%s: there is no metric %s in\n%s", p.Title, name, text)
				}
			}
		}
	}
}
