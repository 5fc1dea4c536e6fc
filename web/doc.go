// Package web is the HTTP API of the daemon, /api/v1, with its OpenAPI document made from the handlers' types, and the client
// that the command line uses.
//
// Every route asks for the daemon's bearer token, but for the two probes /healthz and /readyz. No GET changes anything. Errors
// are application/problem+json with a code, a detail and, where one helps, a hint. Requests from other sites and for other host
// names are refused, so that a web page cannot reach a local daemon.
//
// A list is never null. Lists that grow with a study are read in pages: /trials and /record take after= and limit=, and
// /trials names the next page in a Link header. GET /events streams a study's record as server-sent events whose ids are its
// sequence numbers.
package web
