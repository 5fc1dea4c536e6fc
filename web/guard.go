package web

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
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
	h.Set("Cache-Control", "no-store")
	switch {
	case !g.allowedHost(r.Host):
		refuse(w, problem{Status: http.StatusMisdirectedRequest, Code: "wrong_host", Detail: "this daemon is not " + r.Host,
			Hint: "use its address, or localhost on its machine"})
	case !g.sameSite(r):
		refuse(w, problem{Status: http.StatusForbidden, Code: "cross_origin", Detail: "the request comes from another site"})
	case !slices.Contains(open, r.URL.Path) && !g.allowed(r):
		h.Set("WWW-Authenticate", "Bearer")
		refuse(w, problem{Status: http.StatusUnauthorized, Code: "unauthorized", Detail: "the bearer token is missing or wrong",
			Hint: "daemon.json in the daemon's data directory has it"})
	default:
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		g.next.ServeHTTP(w, r)
	}
}

// allowed compares the token in constant time. An empty token lets nobody in.
func (g *guard) allowed(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	same := subtle.ConstantTimeCompare([]byte(strings.TrimSpace(token)), []byte(g.token)) == 1
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
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
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
