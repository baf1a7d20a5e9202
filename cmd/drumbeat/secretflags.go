package main

import (
	"errors"
	"regexp"

	"github.com/alecthomas/kong"
)

// errPasswordInFlag tells where else a password can be. It does not repeat what it was given.
var errPasswordInFlag = errors.New("--postgres: a password on the command line is seen by everyone on this machine; " +
	"set DRUMBEAT_POSTGRES, PGPASSWORD or PGPASSFILE instead")

// passwordSetting finds a password, or that of a key file, in a connection string of either form, also in one that cannot
// be parsed.
var passwordSetting = regexp.MustCompile(`(?i)password\s*=|://[^/?#]*:[^/?#]*@`)

// refusePasswords refuses a connection string with a password that came by a flag and not by the environment.
func refusePasswords(k *kong.Context) error {
	for _, p := range k.Path {
		if p.Flag == nil || p.Flag.Name != "postgres" {
			continue
		}
		if dsn, _ := k.FlagValue(p.Flag).(string); passwordSetting.MatchString(dsn) {
			return badInput(errPasswordInFlag)
		}
	}
	return nil
}
