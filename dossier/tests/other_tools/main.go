// Holds a dossier to Go's own packages for transparency logs (golang.org/x/mod/sumdb), which know nothing of detente.
//
// Each line of standard input is "proof KEYS PROOF" or "consistency FILE"; each is answered with "accepted" and what it
// showed, or with "refused" and why.
package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigner verifies cosignature/v1 (c2sp.org/tlog-cosignature), which the note package leaves to its users.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }

func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func verifier(vkey string) (note.Verifier, error) {
	if v, err := note.NewVerifier(vkey); err == nil {
		return v, nil
	}
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no vkey")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("a vkey of another type")
	}
	return cosigner{parts[0], uint32(hash), key[1:]}, nil
}

func verifiers(path string) (note.Verifiers, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []note.Verifier
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		v, err := verifier(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %v", line, err)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...), nil
}

func hash(text string) (tlog.Hash, error) {
	var h tlog.Hash
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(bytes) != len(h) {
		return h, errors.New("no hash")
	}
	copy(h[:], bytes)
	return h, nil
}

// tree reads a checkpoint: origin, size, root.
func tree(text string) (string, int64, tlog.Hash, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return "", 0, tlog.Hash{}, errors.New("no checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return "", 0, tlog.Hash{}, err
	}
	root, err := hash(lines[2])
	return lines[0], size, root, err
}

func proof(keys, path string) (string, error) {
	known, err := verifiers(keys)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	parts := strings.SplitN(string(text), "\n\n", 2)
	if len(parts) != 2 {
		return "", errors.New("no note")
	}
	lines := strings.Split(parts[0], "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", errors.New("no tlog-proof")
	}
	leaf, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return "", err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return "", err
	}
	var hashes tlog.RecordProof
	for _, line := range lines[3:] {
		h, err := hash(line)
		if err != nil {
			return "", err
		}
		hashes = append(hashes, h)
	}
	opened, err := note.Open([]byte(parts[1]), known)
	if err != nil {
		return "", err
	}
	origin, size, root, err := tree(opened.Text)
	if err != nil {
		return "", err
	}
	if opened.Sigs[0].Name != origin {
		return "", errors.New("not signed by its origin")
	}
	if err := tlog.CheckRecord(hashes, size, root, index, tlog.RecordHash(leaf)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d of %d, %d signatures", index+1, size, len(opened.Sigs)), nil
}

// consistency reads: larger size, its root, smaller size, its root, hashes; a line each.
func consistency(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	var sizes [2]int64
	var roots [2]tlog.Hash
	for i := range sizes {
		if sizes[i], err = strconv.ParseInt(lines[2*i], 10, 64); err != nil {
			return "", err
		}
		if roots[i], err = hash(lines[2*i+1]); err != nil {
			return "", err
		}
	}
	var hashes tlog.TreeProof
	for _, line := range lines[4:] {
		h, err := hash(line)
		if err != nil {
			return "", err
		}
		hashes = append(hashes, h)
	}
	if err := tlog.CheckTree(hashes, sizes[0], roots[0], sizes[1], roots[1]); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d begins with %d", sizes[0], sizes[1]), nil
}

func main() {
	asked := bufio.NewScanner(os.Stdin)
	for asked.Scan() {
		words := strings.Fields(asked.Text())
		var shown string
		var err error
		switch {
		case len(words) == 3 && words[0] == "proof":
			shown, err = proof(words[1], words[2])
		case len(words) == 2 && words[0] == "consistency":
			shown, err = consistency(words[1])
		default:
			err = errors.New("asked for nothing known")
		}
		if err != nil {
			fmt.Println("refused", err)
		} else {
			fmt.Println("accepted", shown)
		}
	}
}
