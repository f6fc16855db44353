// SPDX-License-Identifier: GPL-3.0-or-later

// The same as fetch.c with Go's own resolver, which uses no C library.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	connection, err := net.Dial("tcp", net.JoinHostPort(os.Args[1], os.Args[2]))
	if err != nil {
		fmt.Println(err)
		os.Exit(7)
	}
	fmt.Fprintf(connection, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", os.Args[1])
	io.Copy(os.Stdout, connection)
}
