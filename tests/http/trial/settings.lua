-- SPDX-License-Identifier: MIT
return require "base" {}
