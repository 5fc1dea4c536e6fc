// Package web is the HTTP API of the daemon, /api/v1, with its OpenAPI document made from the handlers' types, and the client
// that the command line uses.
//
// Every route asks for the daemon's bearer token, no GET changes anything, errors are application/problem+json with a code and
// a hint. Requests from other origins and for other host names are refused, so a web page cannot reach a local daemon.
package web
