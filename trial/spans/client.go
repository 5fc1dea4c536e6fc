package spans

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"automl/trial"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// client sends spans by OTLP over HTTP, as protobuf (https://opentelemetry.io/docs/specs/otlp). The official client of that is not used:
// it links gRPC, 7 MB of program that nothing else here wants. The variables are those of
// https://opentelemetry.io/docs/specs/otel/protocol/exporter.
type client struct {
	url     string
	headers map[string]string
	timeout time.Duration
	gzip    bool
	http    *http.Client
}

var _ otlptrace.Client = (*client)(nil)

// newClient is nil where the environment asks for none.
func newClient(getenv func(string) string) (*client, error) {
	of := func(name string) string { // that of traces alone goes first
		return cmp.Or(getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), getenv("OTEL_EXPORTER_OTLP_"+name))
	}
	address := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if base := getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); address == "" && base != "" {
		address = strings.TrimRight(base, "/") + "/v1/traces"
	}
	if address == "" || strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	if p := of("PROTOCOL"); p != "" && p != "http/protobuf" {
		return nil, trial.Errorf(trial.Invalid, "OTEL_EXPORTER_OTLP_PROTOCOL is %q: spans are sent as http/protobuf alone", p).
			WithHint("leave it out, and name the receiver's port for HTTP, 4318 as a rule")
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, trial.Errorf(trial.Invalid, "the OpenTelemetry endpoint %q is no URL of a receiver", address).WithHint("OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318")
	}
	c := &client{url: address, headers: map[string]string{}, timeout: 10 * time.Second, gzip: of("COMPRESSION") == "gzip"}
	if ms := of("TIMEOUT"); ms != "" {
		n, err := strconv.Atoi(ms)
		if err != nil || n <= 0 {
			return nil, trial.Errorf(trial.Invalid, "OTEL_EXPORTER_OTLP_TIMEOUT is %q: a number of milliseconds", ms)
		}
		c.timeout = time.Duration(n) * time.Millisecond
	}
	for pair := range strings.SplitSeq(of("HEADERS"), ",") {
		name, value, _ := strings.Cut(pair, "=")
		if value, err := url.PathUnescape(strings.TrimSpace(value)); err == nil && strings.TrimSpace(name) != "" {
			c.headers[strings.TrimSpace(name)] = value
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if file := of("CERTIFICATE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, trial.Wrap(trial.Invalid, err, "read the authority of the OpenTelemetry receiver")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, trial.Errorf(trial.Invalid, "OTEL_EXPORTER_OTLP_CERTIFICATE: %s has no certificate in PEM", file)
		}
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

// Start has nothing to do.
func (c *client) Start(context.Context) error { return nil }

// Stop ends idle connections.
func (c *client) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces sends spans, and tries again within the timeout where the receiver asks for it.
func (c *client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans}) // on the wire the same as the request, whose Go type links gRPC
	if err != nil {
		return err
	}
	if c.gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(body); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		body = packed.Bytes()
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for pause := 500 * time.Millisecond; ; pause *= 2 {
		again, err := c.post(ctx, body)
		if !again || err == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// post sends a request once; again says that the receiver may take it later.
func (c *client) post(ctx context.Context, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if c.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	for name, value := range c.headers {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return ctx.Err() == nil, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return false, nil
	case code == http.StatusTooManyRequests || code == http.StatusBadGateway || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout:
		return true, fmt.Errorf("the receiver of spans answers %s", resp.Status)
	default:
		return false, fmt.Errorf("the receiver of spans answers %s", resp.Status)
	}
}
