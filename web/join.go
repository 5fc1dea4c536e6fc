package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
)

// Door lets runners on other machines in.
type Door interface {
	Token(life time.Duration, runners int) (JoinToken, error)
	Join(Joining) (Joined, error)
	Guests() (Guests, error)
	Revoke(id string) error
}

// Joining is a runner that asks to be let in.
type Joining struct {
	ID     string `json:"id" maxLength:"64" doc:"of the join token"`
	Secret string `json:"secret" maxLength:"128" doc:"of the join token"`
	Name   string `json:"name" maxLength:"100" doc:"of the runner, for people"`
	Key    string `json:"key" maxLength:"128" doc:"public nkey of the runner; the same key again is the same runner"`
}

// Joined tells a runner how it gets on the bus.
type Joined struct {
	Owner string `json:"owner" doc:"of the runner's runs: their ids begin with it and a '-'"`
	Port  int    `json:"port" doc:"of the bus, which is at the host of the API and speaks TLS"`
	CA    string `json:"ca,omitempty" doc:"authority of the bus's certificate, in PEM; none: those of the runner's system"`
}

// TokenWanted says what a join token shall be good for.
type TokenWanted struct {
	Hours   float64 `json:"hours" exclusiveMinimum:"0" maximum:"87600" doc:"how long it lives"`
	Runners int     `json:"runners" minimum:"-1" doc:"how many may join with it; -1: any number"`
}

// JoinToken is a token for automl runner --join.
type JoinToken struct {
	ID      string    `json:"id"`
	Token   string    `json:"token,omitempty" doc:"told once, when it is made"`
	Expires time.Time `json:"expires"`
	Runners int       `json:"runners" doc:"how many may still join with it; -1: any number"`
}

// Guest is a runner that joined.
type Guest struct {
	ID     string    `json:"id" doc:"owner of its runs"`
	Name   string    `json:"name"`
	Token  string    `json:"token" doc:"id of the join token"`
	Joined time.Time `json:"joined"`
}

// Guests is who may join and who has.
type Guests struct {
	Tokens  []JoinToken `json:"tokens"`
	Runners []Guest     `json:"runners"`
}

// joinPath needs no bearer token: what it takes is a join token.
const joinPath = "/runners/join"

// maxJoining is the largest body that somebody without a bearer token may send.
const maxJoining = 4 << 10

type (
	joiningInput struct{ Body Joining }
	wantedToken  struct{ Body TokenWanted }
	guestInput   struct {
		ID string `path:"id" doc:"of a join token or a runner"`
	}
)

// joins registers the routes by which runners come and go.
func (s *server) joins(api huma.API) {
	join := operation(http.MethodPost, joinPath, "join-runner", "Let a runner in that has a join token")
	join.Security, join.MaxBodyBytes = []map[string][]string{{}}, maxJoining
	join.Errors = []int{http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity}
	huma.Register(api, join, func(_ context.Context, in *joiningInput) (*body[Joined], error) {
		return atDoor(s, func(d Door) (Joined, error) { return d.Join(in.Body) })
	})
	token := operation(http.MethodPost, "/join-tokens", "make-join-token", "Make a token with which runners join")
	token.DefaultStatus = http.StatusCreated
	huma.Register(api, token, func(_ context.Context, in *wantedToken) (*body[JoinToken], error) {
		return atDoor(s, func(d Door) (JoinToken, error) {
			return d.Token(time.Duration(in.Body.Hours*float64(time.Hour)), in.Body.Runners)
		})
	})
	list := operation(http.MethodGet, "/join-tokens", "list-join-tokens", "The tokens that still hold, and the runners that joined")
	huma.Register(api, list, func(context.Context, *struct{}) (*body[Guests], error) { return atDoor(s, Door.Guests) })
	revoke := operation(http.MethodDelete, "/join-tokens/{id}", "revoke-join-token", "End a join token, or send a runner away that joined")
	huma.Register(api, revoke, func(_ context.Context, in *guestInput) (*struct{}, error) {
		_, err := atDoor(s, func(d Door) (struct{}, error) { return struct{}{}, d.Revoke(in.ID) })
		return nil, err
	})
}

// atDoor answers with what f says, where there is a door.
func atDoor[T any](s *server, f func(Door) (T, error)) (*body[T], error) {
	if s.Door == nil {
		return nil, s.fail(trial.Errorf(trial.Conflict, "runners join a daemon only over TLS, and only its own bus").
			WithHint("start it with --listen beyond loopback or --tls on; runners of another NATS cluster get credentials there: automl runner --nats URL --nats-creds FILE"))
	}
	out, err := f(s.Door)
	if err != nil {
		return nil, s.fail(err)
	}
	return &body[T]{out}, nil
}
