package web

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"automl/trial"
)

// maxBody is the largest request body: that of a sweep document with a long list of candidates.
const maxBody = 16 << 20

// open are the paths that need no token: probes, which tell nothing but whether the daemon is well, and where runners join with a
// token of another kind.
var open = []string{"/healthz", "/readyz", "/api/v1/healthz", "/api/v1/readyz", "/api/v1" + joinPath}

// guard refuses what comes from another site, asks for another host, or has not the token.
type guard struct {
	token string
	hosts []string
	sites *http.CrossOriginProtection
	next  http.Handler
}

func newGuard(cfg Config, next http.Handler) *guard {
	return &guard{token: cfg.Token, hosts: cfg.Hosts, sites: http.NewCrossOriginProtection(), next: next}
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if p := g.unwelcome(r); p != nil {
		if p.Status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", "Bearer")
		}
		h.Set("Connection", "close") // what comes behind it is not listened to: it may be what a proxy took for its body
		refuse(w, *p)
		return
	}
	if p := receive(w, r); p != nil {
		h.Set("Connection", "close") // what is left of it is not read
		refuse(w, *p)
		return
	}
	g.next.ServeHTTP(w, r)
}

// unwelcome says why a request is refused before its body is read; nil: it is not.
func (g *guard) unwelcome(r *http.Request) *problem {
	switch {
	case !g.allowedHost(r.Host):
		return &problem{Status: http.StatusMisdirectedRequest, Code: "wrong_host", Detail: "this daemon is not " + r.Host,
			Hint: "use its address, or localhost on its machine"}
	case !g.sameSite(r):
		return &problem{Status: http.StatusForbidden, Code: "cross_origin", Detail: "the request comes from another site"}
	case !slices.Contains(open, r.URL.Path) && !g.allowed(r):
		return &problem{Status: http.StatusUnauthorized, Code: "unauthorized", Detail: "the bearer token is missing or wrong",
			Hint: "daemon.json in the daemon's data directory has it"}
	}
	return nil
}

// receive reads the body of a request, within the time that the server gives it, so that no handler waits for a client. It returns what
// is wrong with it.
func receive(w http.ResponseWriter, r *http.Request) *problem {
	limit := int64(maxBody)
	if slices.Contains(open, r.URL.Path) {
		limit = maxJoining
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return &problem{Status: http.StatusUnsupportedMediaType, Code: string(trial.Invalid), Detail: "the body is compressed", Hint: "send it as it is"}
	}
	large := &problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: fmt.Sprintf("the body is too large: more than %d bytes", limit),
		Hint: "a sweep document has less than 16 MiB"}
	if r.ContentLength > limit {
		return large
	}
	if kind := r.Header.Get("Content-Type"); kind != "" && r.ContentLength != 0 && !isJSON(kind) {
		return &problem{Status: http.StatusUnsupportedMediaType, Code: string(trial.Invalid), Detail: fmt.Sprintf("the body is said to be %.100q", kind),
			Hint: "send JSON, with Content-Type: application/json"}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return large
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &problem{Status: http.StatusRequestTimeout, Code: string(trial.Invalid), Detail: "the body did not come in time"}
	case err != nil:
		return &problem{Status: http.StatusBadRequest, Code: string(trial.Invalid), Detail: "the body cannot be read: " + err.Error()}
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // the request has come: what is done with it may take longer
	return nil
}

// isJSON tells whether a media type is that of JSON.
func isJSON(kind string) bool {
	media, _, err := mime.ParseMediaType(kind)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// allowed compares the token in constant time, by its hash, so that not even its length shows. An empty token lets nobody in.
func (g *guard) allowed(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(g.token))
	same := subtle.ConstantTimeCompare(given[:], want[:]) == 1
	return same && strings.EqualFold(scheme, "Bearer") && g.token != ""
}

// sameSite holds every method to what the standard library asks of those that change something.
func (g *guard) sameSite(r *http.Request) bool {
	strict := *r
	strict.Method = http.MethodPost
	return g.sites.Check(&strict) == nil
}

// allowedHost lets addresses through and known names: any other name could be an attacker's that points here.
func (g *guard) allowedHost(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), "0"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil { // 127.0.0.1:80.evil.example is no address
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	known := func(h string) bool { return strings.EqualFold(h, name) }
	return known("localhost") || slices.ContainsFunc(g.hosts, known)
}

// routed answers as a problem what no route takes; the mux alone would answer in plain text.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		verdict := silent{header: http.Header{}}
		h.ServeHTTP(&verdict, r)
		if allow := verdict.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			refuse(w, problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
				Detail: r.URL.Path + " does not take " + r.Method, Hint: "it takes " + allow})
			return
		}
		refuse(w, problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is no " + r.URL.Path,
			Hint: "GET /openapi.json describes every route"})
	})
}

// silent is a response that nobody sees.
type silent struct{ header http.Header }

func (s *silent) Header() http.Header         { return s.header }
func (s *silent) Write(b []byte) (int, error) { return len(b), nil }
func (s *silent) WriteHeader(int)             {}
