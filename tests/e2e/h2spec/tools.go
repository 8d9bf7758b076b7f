// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools names what this module builds: h2spec, the conformance tests of HTTP/2.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
