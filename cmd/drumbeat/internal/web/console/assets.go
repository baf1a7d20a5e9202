package console

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var static embed.FS

//go:embed templates
var templates embed.FS

// asset is a file of ours at an address that changes with its content, so browsers may keep it for ever.
type asset struct {
	address, kind string
	body          []byte
	integrity     string
}

// assets are the embedded files by name.
type assets map[string]asset

func loadAssets() (assets, error) {
	names, err := fs.Glob(static, "static/*")
	if err != nil {
		return nil, err
	}
	all := assets{}
	for _, name := range names {
		body, err := static.ReadFile(name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		base, ext := path.Base(name), path.Ext(name)
		all[base] = asset{
			address: fmt.Sprintf("/assets/%s.%x%s", strings.TrimSuffix(base, ext), sum[:6], ext), kind: mime.TypeByExtension(ext),
			body: body, integrity: "sha256-" + base64.StdEncoding.EncodeToString(sum[:]),
		}
	}
	return all, nil
}

func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, f := range a {
		if f.address == r.URL.Path {
			w.Header().Set("Content-Type", f.kind)
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			_, _ = w.Write(f.body) // a failed write: the reader has gone
			return
		}
	}
	http.NotFound(w, r)
}
