package web

import (
	"encoding/json"
	"net/http"
)

// Problem is an error as RFC 9457 writes it (application/problem+json).
type Problem struct {
	Type   string `json:"type"`  // a URI reference that names the kind; "": about:blank
	Title  string `json:"title"` // "": the status's own
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"` // for people: this one occurrence

	Checks []Failure `json:"checks,omitempty"` // of /readyz: what is not ready
}

// Failure is a check that failed.
type Failure struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

// WriteProblem answers with p.
func WriteProblem(w http.ResponseWriter, p Problem) {
	if p.Type == "" {
		p.Type = "about:blank"
	}
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	write(w, p.Status, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	write(w, status, v)
}

func write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A failed write means that the reader has gone; nobody is left to be told.
	_, _ = w.Write(append(body, '\n'))
}
