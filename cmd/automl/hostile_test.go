package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"automl/web"
)

// target is a running daemon with one study that somebody attacks over HTTP.
type target struct {
	*testing.T
	site *site
	info daemonInfo
	addr string
	cmd  *exec.Cmd
	log  string // path
}

func newTarget(t *testing.T, flags ...string) *target {
	s := newSite(t, "x", "budget: {trials: 4}\n")
	c := s.start(s.dir, append([]string{"daemon", "--log-level", "debug"}, flags...)...)
	info := s.up()
	s.ok("submit", s.sweep)
	u, err := url.Parse(info.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &target{T: t, site: s, info: info, addr: u.Host, cmd: c, log: c.Stderr.(*os.File).Name()}
}

// raw sends bytes on a connection of its own and reads the first answer; nil where the daemon closes without one. What comes after the
// answer is in rest.
func (d *target) raw(text string) (resp *http.Response, body, rest string) {
	d.Helper()
	conn, err := net.Dial("tcp", d.addr)
	if err != nil {
		d.Error(err)
		return nil, "", ""
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, text) // the daemon may have closed already
	r := bufio.NewReader(conn)
	resp, err = http.ReadResponse(r, nil)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		d.Errorf("neither an answer nor an end to %.80q", text)
	}
	if err != nil {
		return nil, "", ""
	}
	data, _ := io.ReadAll(resp.Body)
	if n := r.Buffered(); n > 0 {
		more, _ := r.Peek(n)
		rest = string(more)
	}
	return resp, string(data), rest
}

// request is the text of a request with the right token, with changes: lines of the header in the place of those of the same name.
func (d *target) request(method, target, body string, lines ...string) string {
	head := []string{"Host: " + d.addr, "Authorization: Bearer " + d.info.Token}
	if body != "" {
		head = append(head, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		for i, old := range head {
			if n, _, _ := strings.Cut(old, ":"); strings.EqualFold(n, name) {
				head = append(head[:i], head[i+1:]...)
				break
			}
		}
		head = append(head, line)
	}
	return method + " " + target + " HTTP/1.1\r\n" + strings.Join(head, "\r\n") + "\r\n\r\n" + body
}

// want sends a request and wants one of these statuses; 0 is a connection that was closed.
func (d *target) want(text string, statuses ...int) (*http.Response, string) {
	d.Helper()
	resp, body, _ := d.raw(text)
	got := 0
	if resp != nil {
		got = resp.StatusCode
	}
	for _, s := range statuses {
		if s == got {
			d.nothing(resp, body)
			return resp, body
		}
	}
	d.Errorf("%.100q: status %d, want %v\n%.300s", text, got, statuses, body)
	return resp, body
}

// together wants the same of several requests, sent at the same time.
func (d *target) together(texts []string, statuses ...int) {
	d.Helper()
	var all sync.WaitGroup
	for _, text := range texts {
		all.Go(func() { d.want(text, statuses...) })
	}
	all.Wait()
}

// nothing checks that an answer gives nothing away.
func (d *target) nothing(resp *http.Response, body string) {
	d.Helper()
	if strings.Contains(body, d.info.Token) {
		d.Errorf("the token is in an answer: %.200s", body)
	}
	if resp == nil {
		return
	}
	for _, name := range []string{"Access-Control-Allow-Origin", "Set-Cookie", "X-Evil"} {
		if resp.Header.Get(name) != "" {
			d.Errorf("the answer has %s: %s", name, resp.Header.Get(name))
		}
	}
	if to := resp.Header.Get("Location"); to != "" {
		if u, err := url.Parse(to); err != nil || u.Host != "" || strings.HasPrefix(to, "//") {
			d.Errorf("it sends clients to %s", to)
		}
	}
}

// record is what must not change: how many events there are, and where the study stands.
func (d *target) record() string {
	st, events := d.site.state()
	return fmt.Sprint(len(events), st.Status, len(st.Trials))
}

// well wants a daemon that still serves its owner, with the record it had.
func (d *target) well(before string) {
	d.Helper()
	c := web.NewClient(d.info.URL, d.info.Token, nil)
	defer c.Close()
	if all, err := c.Studies(d.Context()); err != nil || len(all) != 1 {
		d.Errorf("afterwards: %d studies, %v", len(all), err)
	}
	if now := d.record(); now != before {
		d.Errorf("the record was %s and is %s", before, now)
	}
}

// resident is the memory of the daemon in KiB.
func (d *target) resident() int { return residentOf(d.T, fmt.Sprint(d.cmd.Process.Pid)) }

// holds is how many files and sockets the daemon holds.
func (d *target) holds() int {
	d.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.cmd.Process.Pid))
	if err != nil {
		d.Fatal(err)
	}
	return len(all)
}

// hasty are the cases in which a daemon loses its patience, and how much shorter than by the rules that is. Who sends slowly must still be
// sure to have sent the rest in time.
var hasty = map[string]string{"slow header": "0.05", "slow body": "0.2", "slow reader": "0.05"}

// TestHostileHTTP is what a client can try that means harm, one case after the other against one daemon, and the hasty ones beside them
// against daemons of their own. docs/security.md names them.
func TestHostileHTTP(t *testing.T) {
	d := newTarget(t)
	var beside sync.WaitGroup
	const stop = "/api/v1/studies/e2e/stop"
	const list = "/api/v1/studies"
	for _, c := range []struct {
		name string
		do   func(d *target)
	}{
		{"no token", func(d *target) {
			for _, line := range []string{"X: y", "Authorization:", "Authorization: Bearer", "Authorization: Bearer ", "Authorization: Basic Og=="} {
				for _, r := range []string{d.request("GET", list, "", "Authorization:", line), d.request("POST", stop, "", "Authorization:", line),
					d.request("GET", "/metrics", "", "Authorization:", line), d.request("GET", "/openapi.json", "", "Authorization:", line),
					d.request("GET", "/api/v1/events?study=e2e", "", "Authorization:", line)} {
					d.want(strings.Replace(r, "Authorization:\r\n", "", 1), 401)
				}
			}
		}},
		{"wrong token", func(d *target) {
			k := d.info.Token
			for _, token := range []string{k[:len(k)-1], k + "0", strings.ToUpper(k) + "x", k[1:] + k[:1], strings.Repeat("0", len(k)), strings.Repeat("a", 60000)} {
				d.want(d.request("POST", stop, "", "Authorization: Bearer "+token), 401, 431)
			}
			for _, r := range []string{d.request("POST", stop+"?token="+k, "", "Authorization: x"), d.request("POST", stop, "", "Authorization: x", "Cookie: token="+k),
				d.request("POST", stop, "", "Authorization: x", "X-Token: "+k), d.request("POST", stop, "", "Authorization: Basic "+k)} {
				d.want(r, 401)
			}
		}},
		{"wrong host", func(d *target) {
			for _, host := range []string{"evil.example", "evil.example:80", d.addr + ".evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example@127.0.0.1"} {
				d.want(d.request("POST", stop, "", "Host: "+host), 400, 421)
				d.want(d.request("GET", "/healthz", "", "Host: "+host), 400, 421)
			}
			d.want(strings.Replace(d.request("GET", list, ""), "Host: "+d.addr+"\r\n", "", 1), 400, 421)
			d.want(d.request("GET", "http://evil.example"+list, ""), 421)
		}},
		{"DNS rebinding", func(d *target) { // a page of evil.example, whose name now points here
			d.want(d.request("GET", list, "", "Host: evil.example", "Origin: http://evil.example", "Sec-Fetch-Site: same-origin"), 421)
			d.want(d.request("POST", stop, "", "Host: evil.example", "Origin: http://evil.example", "Sec-Fetch-Site: same-origin"), 421)
		}},
		{"cross-origin", func(d *target) {
			for _, from := range []string{"Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
				for _, r := range []string{d.request("POST", stop, "", from), d.request("GET", list, "", from), d.request("DELETE", list+"/e2e", "", from),
					d.request("OPTIONS", stop, "", from, "Access-Control-Request-Method: POST")} {
					d.want(r, 403)
				}
			}
		}},
		{"oversize body", func(d *target) {
			for _, path := range []string{list, list + "/e2e/tell", list + "/e2e/enqueue", "/api/v1/runners/join"} {
				d.want(d.request("POST", path, "", "Content-Length: 17000000"), 413)
				d.want(d.request("POST", path, "", "Content-Length: 4611686018427387904"), 413)
				d.want(d.request("POST", path, "", "Content-Length: 99999999999999999999"), 400)
				d.want(d.request("POST", path, "", "Transfer-Encoding: chunked")+"1100000\r\n"+strings.Repeat("x", 17825792)+"\r\n0\r\n\r\n", 413, 0)
			}
			d.want(d.request("POST", list, strings.Repeat("x", 1<<20), "Authorization: x"), 401)
			d.want(d.request("POST", "/api/v1/runners/join", strings.Repeat("x", 5000), "Authorization: x"), 413)
			d.want(d.request("GET", "/"+strings.Repeat("x", 100<<10), ""), 431, 0)
			d.want(d.request("GET", list, "", "X-Long: "+strings.Repeat("x", 100<<10)), 431, 0)
		}},
		{"deep JSON", func(d *target) {
			deep := strings.Repeat("[", 1_000_000)
			for _, body := range []string{deep, `{"a":` + strings.Repeat(`{"a":`, 500_000), `{"params":` + deep + strings.Repeat("]", 1_000_000) + `}`} {
				for _, path := range []string{"", "/e2e/tell", "/e2e/enqueue"} {
					d.want(d.request("POST", list+path, body), 400, 413, 422)
				}
			}
			d.want(d.request("POST", "/api/v1/runners/join", strings.Repeat("[", 4000), "Authorization: x"), 400, 422)
		}},
		{"traversal in path", func(d *target) {
			for _, path := range []string{"/../../../../etc/passwd", "/api/v1/studies/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fdata/token",
				"/api/v1/studies/..%2f..%2ftoken/best", "/api/v1/studies/%2e%2e", "/api/v1/studies/..%5c..%5ctoken", "//evil.example/..", "///etc/passwd", "/token", "/daemon.json",
				"/api/v1/studies/e2e/trials/..%2f0", "/api/v1/studies/e2e%00/best", "/api/v1/join-tokens/..%2f..", "/\\evil.example"} {
				_, body := d.want(d.request("GET", path, ""), 301, 307, 400, 404, 405, 409, 422)
				if strings.Contains(body, "root:") {
					d.Errorf("%s: %s", path, body)
				}
			}
		}},
		{"traversal in names", func(d *target) {
			for _, name := range []string{"../../x", "..", ".", "/etc/x", "a/../../b", "a//b", "a\x00b", "a\r\nSet-Cookie: x", "a\x1b[2J", "C:\\x", strings.Repeat("x", 5000)} {
				text, err := json.Marshal(map[string]any{"name": name, "objective": map[string]any{"metric": "m", "goal": "minimize"}, "epochs": 1, "trainer": "external",
					"parameters": map[string]any{"p": 1}})
				if err != nil {
					d.Fatal(err)
				}
				d.want(d.request("POST", list, string(text)), 422)
			}
		}},
		{"slow header", func(d *target) {
			d.together([]string{"", "GET /", "GET / HTTP/1.1\r\nHost: x\r\nX: ", d.request("GET", "/healthz", "")[:30]}, 0, 400, 408)
		}},
		{"slow body", func(d *target) {
			d.together([]string{d.request("POST", list, "", "Content-Length: 100") + "{",
				d.request("POST", "/api/v1/runners/join", "", "Authorization: x", "Content-Length: 100") + "{",
				d.request("POST", list, "", "Transfer-Encoding: chunked") + "5\r\n{",
				d.request("GET", "/healthz", "", "Content-Length: 100") + "{"}, 408)
			d.ends(d.request("POST", stop, "", "Authorization: x", "Content-Length: 100")+"{", 401) // not read at all
		}},
		{"slow reader", (*target).slowReader},
		{"many connections", (*target).crowd},
		{"method confusion", func(d *target) {
			for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "post", "FOO"} {
				resp, body := d.want(d.request(method, stop, "", "X-HTTP-Method-Override: POST", "X-Method-Override: POST"), 400, 404, 405)
				if resp != nil && resp.StatusCode == 405 && resp.Header.Get("Allow") == "" || strings.Contains(body, "Override") {
					d.Errorf("%s: %v %s", method, resp.Header, body)
				}
			}
			d.want(d.request("GET", stop+"?_method=POST", ""), 405)
			d.want(d.request("OPTIONS", "*", "", "Authorization: x"), 400, 401)
		}},
		{"content type confusion", func(d *target) {
			for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/cbor", "application/yaml", "text/html", "application/json x"} {
				for _, path := range []string{"", "/e2e/tell", "/e2e/enqueue"} {
					d.want(d.request("POST", list+path, `{"params":{"lr":0.1,"opt":"sgd"}}`, "Content-Type: "+kind), 415)
				}
			}
			for _, r := range []string{d.request("GET", list, "", "Accept: text/html"), d.request("GET", list+"/<script>", "", "Accept: text/html")} {
				resp, body := d.want(r, 200, 404)
				if resp != nil && (strings.Contains(resp.Header.Get("Content-Type"), "html") || resp.Header.Get("X-Content-Type-Options") != "nosniff") {
					d.Errorf("%v %s", resp.Header, body)
				}
			}
		}},
		{"request smuggling", func(d *target) {
			inner := d.request("POST", stop, "")
			for _, r := range []string{
				d.request("POST", list, "", "Content-Length: 4", "Transfer-Encoding: chunked") + "0\r\n\r\n" + inner,
				d.request("POST", list, "", "Content-Length: 4\r\nContent-Length: 5") + "abcde" + inner,
				d.request("POST", list, "", "Transfer-Encoding : chunked") + "0\r\n\r\n" + inner,
				d.request("POST", list, "", "Transfer-Encoding: xchunked") + "0\r\n\r\n" + inner,
				d.request("POST", list, "", "Content-Length: +4") + "abcd" + inner,
				d.request("POST", list, "", "Content-Length: -1") + inner,
			} {
				d.want(strings.Replace(r, "Authorization: Bearer "+d.info.Token, "Authorization: x", 1), 400, 401, 501)
			}
		}},
		{"header injection", func(d *target) {
			for _, line := range []string{"X-Evil: a\x00b", "X-Evil\r: a", "X Evil: a", ": a", "X-Evil: a\nHost: evil.example", "Host: " + d.addr + "\r\nHost: evil.example", " folded: x"} {
				resp, _, _ := d.raw(d.request("GET", list, "", line, "Authorization: x"))
				if resp != nil && resp.StatusCode < 400 {
					d.Errorf("%q: %d", line, resp.StatusCode)
				}
			}
		}},
		{"response splitting", func(d *target) {
			const evil = "%0d%0aX-Evil:%20yes%0d%0a%0d%0a<html>"
			for _, path := range []string{list + "/" + evil, list + "/e2e/trials?state=" + evil, list + "/e2e/trials?limit=1&after=0&x=" + evil, "/api/v1/events?study=" + evil, "/" + evil, list + "/.." + evil} {
				resp, body := d.want(d.request("GET", path, ""), 200, 301, 307, 404, 422)
				if resp != nil && strings.Contains(body, "<html>") && !strings.Contains(resp.Header.Get("Content-Type"), "json") {
					d.Errorf("%s: %s", path, body)
				}
			}
			d.want(d.request("GET", "/api/v1/events?study=e2e", "", "Last-Event-ID: 1\r\n\tX-Evil: yes"), 400, 422)
		}},
		{"log injection", func(d *target) {
			const evil = "%0a{%22level%22:%22fatal%22}%0a%1b[2J"
			d.want(d.request("GET", list+"/"+evil, "", "User-Agent: \x1b[2J", "Referer: {\"level\":\"fatal\"}"), 400, 404)
			d.want(d.request("GET", list+"/"+evil, "", "Referer: {\"level\":\"fatal\"}"), 404)
			d.want(d.request("POST", list, `{"name":"\n{\"level\":\"fatal\"}\n\u001b[2J"}`), 422)
			d.want(d.request("POST", "/api/v1/runners/join", `{"id":"\n{\"level\":\"fatal\"}","secret":"\u001b[2J","name":"\u001b[2J","key":"x"}`), 400, 403, 409, 422)
			d.want("\x16\x03\x01\x1b[2J\n{\"level\":\"fatal\"}\r\n\r\n", 400, 0)
		}},
		{"compressed bomb", func(d *target) {
			var zeros [10 << 20]byte
			before := d.resident()
			for _, coding := range []string{"gzip", "deflate", "br", "zstd", "gzip, gzip"} {
				d.want(d.request("POST", list, string(zeros[:1000]), "Content-Encoding: "+coding), 415)
				d.want(d.request("POST", "/api/v1/runners/join", string(zeros[:1000]), "Authorization: x", "Content-Encoding: "+coding), 415)
			}
			if grown := d.resident() - before; grown > 64<<10 {
				d.Errorf("it takes %d KiB more", grown)
			}
		}},
		{"YAML bomb", func(d *target) {
			yaml := "a: &a [x,x,x,x,x,x,x,x,x]\n"
			for c := 'b'; c < 'j'; c++ {
				yaml += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
			}
			d.want(d.request("POST", list, yaml), 422)
		}},
		{"other machines' files", func(d *target) { // a document names them; over HTTP nobody reads a file
			for _, extra := range []string{`"candidates":"/etc/passwd"`, `"candidates":"/etc/hostname.csv"`, `"warm_start":["/etc/passwd.csv"]`, `"warm_start":["../../token.csv"]`} {
				_, body := d.want(d.request("POST", list, `{"name":"x","objective":{"metric":"m","goal":"minimize"},"epochs":1,"trainer":"external","parameters":{"p":1},`+extra+`}`), 422)
				if strings.Contains(body, "root:") {
					d.Errorf("%s: %s", extra, body)
				}
			}
		}},
		{"random bytes", func(d *target) {
			for range 50 {
				var junk [512]byte
				_, _ = rand.Read(junk[:])
				d.want(string(junk[:])+"\r\n\r\n", 0, 400, 505)
			}
		}},
	} {
		run := func(of func(t *testing.T) *target) {
			t.Run(c.name, func(t *testing.T) {
				one := of(t)
				before := one.record()
				c.do(one)
				one.well(before)
			})
		}
		if scale := hasty[c.name]; scale != "" {
			beside.Go(func() {
				run(func(t *testing.T) *target {
					one := newTarget(t, "--lab", "scale="+scale)
					t.Cleanup(one.told)
					return one
				})
			})
			continue
		}
		run(d.of)
	}
	beside.Wait()
	d.told()
}

// of is the target of a subtest.
func (d *target) of(t *testing.T) *target {
	one, s := *d, *d.site
	s.t = t
	one.T, one.site = t, &s
	return &one
}

// ends wants an answer, and then the end of the connection.
func (d *target) ends(text string, status int) {
	d.Helper()
	conn, err := net.Dial("tcp", d.addr)
	if err != nil {
		d.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, text)
	all, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) || !strings.HasPrefix(string(all), fmt.Sprintf("HTTP/1.1 %d ", status)) {
		d.Errorf("%.100q: %.100q, %v", text, all, err)
	}
}

// slowReader asks for much and reads nothing. The daemon ends the connection.
func (d *target) slowReader() {
	conn, err := net.Dial("tcp", d.addr)
	if err != nil {
		d.Fatal(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	_ = conn.SetDeadline(time.Now().Add(patience))
	text := strings.Repeat(d.request("GET", "/openapi.json", ""), 100)
	for {
		if _, err := io.WriteString(conn, text); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				d.Error("the daemon waits for ever for a client that does not read")
			}
			return
		}
	}
}

// crowd opens more connections than the daemon holds, and says nothing on them.
func (d *target) crowd() {
	before := d.holds()
	var all []net.Conn
	defer func() {
		for _, c := range all {
			c.Close()
		}
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	for i := range 2500 {
		c, err := net.Dial("tcp", d.addr)
		if err != nil {
			d.Fatal(err)
		}
		all = append(all, c)
		if i%500 != 499 {
			continue
		}
		req, err := http.NewRequestWithContext(d.Context(), http.MethodGet, d.info.URL+"/api/v1/studies", nil)
		if err != nil {
			d.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+d.info.Token)
		resp, err := client.Do(req)
		if err != nil {
			d.Fatalf("with %d connections open: %v", i+1, err)
		}
		resp.Body.Close()
		if got := d.holds() - before; resp.StatusCode != 200 || got > 2048+20 {
			d.Errorf("with %d connections open: status %d, the daemon holds %d more", i+1, resp.StatusCode, got)
		}
	}
}

// told checks what the daemon has told meanwhile: whole lines of JSON, and no secret.
func (d *target) told() {
	d.Helper()
	text, err := os.ReadFile(d.log)
	if err != nil {
		d.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var one struct{ Level string }
		if err := json.Unmarshal(line, &one); err != nil || one.Level == "fatal" || one.Level == "panic" || bytes.ContainsRune(line, '\x1b') {
			d.Errorf("the log has %q", line)
		}
	}
	if strings.Contains(string(text), "panic") {
		d.Error("there was a panic")
	}
	d.secrets("its log", string(text))
}

// secrets wants none of the daemon's in a text.
func (d *target) secrets(where, text string) {
	d.Helper()
	var bus struct{ Daemon, Runner string }
	data, err := os.ReadFile(filepath.Join(d.site.dir, "nats-auth.json"))
	if err == nil {
		err = json.Unmarshal(data, &bus)
	}
	if err != nil || len(bus.Daemon) < 32 {
		d.Fatalf("the secrets of the bus: %v", err)
	}
	for _, secret := range []string{d.info.Token, bus.Daemon, bus.Runner} {
		if strings.Contains(text, secret) {
			d.Errorf("a secret is in %s", where)
		}
	}
}

// TestSecretsStay: no secret is in what others can read of a daemon, and its files are its owner's, whatever the mask.
func TestSecretsStay(t *testing.T) {
	s := newSite(t, "x", "budget: {trials: 4}\n")
	if err := os.MkdirAll(s.dir, 0o755); err != nil { // as a unit or a volume makes it
		t.Fatal(err)
	}
	const password = "hunter2-of-the-cluster"
	if r := s.run("daemon", "--nats", "nats://user:"+password+"@127.0.0.1:1"); r.code != exitNoDaemon || strings.Contains(r.err, password) {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
	d := &target{T: t, site: s}
	d.cmd = s.startWith(exec.Command("/bin/sh", "-c", `umask 0; exec "$0" "$@"`, binary, "daemon", "--log-level", "debug", "--listen", "0.0.0.0:0", "--advertise", "127.0.0.1", "--data-dir", s.dir))
	d.log = d.cmd.Stderr.(*os.File).Name()
	d.info = s.up()
	s.ok("submit", s.sweep)
	token := s.token()
	for _, name := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", d.cmd.Process.Pid, name))
		if err != nil {
			t.Fatal(err)
		}
		d.secrets(name, string(text))
	}
	trust, err := trustFile(d.info.CA)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust}}
	for _, path := range []string{"/metrics", "/openapi.json", "/api/v1/runners", "/api/v1/join-tokens", "/api/v1/studies"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.info.URL+path, nil)
		req.Header.Set("Authorization", "Bearer "+d.info.Token)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
		d.secrets(path, string(text))
		if secret := strings.Split(strings.TrimPrefix(token, "automl://"), "@")[0]; strings.Contains(string(text), secret) {
			t.Errorf("a join token is in %s", path)
		}
	}
	d.told()
	r := s.run("runner", "--help")
	if help := s.with("AUTOML_JOIN="+token).run("runner", "--help"); r.code != 0 || help.out != r.out || help.err != r.err {
		t.Errorf("the join token of the environment is in the help:\n%s%s", help.out, help.err)
	}
	public := map[string]bool{"ca.pem": true}
	err = filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := e.Info()
		if err == nil && !e.IsDir() && !public[e.Name()] && i.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, i.Mode())
		}
		if err == nil && e.IsDir() && i.Mode().Perm()&0o022 != 0 {
			t.Errorf("others may write into %s: %v", path, i.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
