package optimize

import "os"

var dbgOn = os.Getenv("DBG") != ""
