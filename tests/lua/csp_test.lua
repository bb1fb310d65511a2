-- SPDX-License-Identifier: MIT
local csp = require "perilune.utils.csp"
local exceptions = require "perilune.exceptions"
local null = require "perilune.null"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local function refused(directives, text)
  local err = assert.raises(function() csp.override(directives) end, text)
  assert.is_true(exceptions.is(err, "ImproperlyConfigured"))
end

describe("perilune.utils.csp", function()
  it("has Django's words", function()
    assert.equal("'self'", csp.SELF)
    assert.equal("'none'", csp.NONE)
    assert.equal("<CSP_NONCE_SENTINEL>", csp.NONCE)
    assert.equal("'wasm-unsafe-eval'", csp.WASM_UNSAFE_EVAL)
  end)

  it("checks policies when they are written", function()
    refused({ ["default src"] = { csp.SELF } }, "'default src'")
    refused({ ["default-src"] = { "a; b" } }, "'a; b'")
    refused({ ["default-src"] = { "a\r\nb" } }, "default-src")
    refused({ ["default-src"] = { 1 } }, "list with something else in it")
    refused({ ["default-src"] = 1 }, "the value of 'default-src' is a number")
    refused({ csp.SELF }, "a key is a number")
    assert.raises(function() csp.override "x" end, "table expected")
  end)

  it("prints a policy", function()
    local policy = { ["script-src"] = { csp.SELF, csp.NONCE }, ["default-src"] = csp.SELF, ["style-src"] = { csp.NONCE }, ["img-src"] = {}, sandbox = null, ["upgrade-insecure-requests"] = true }
    assert.equal("default-src 'self'; script-src 'self'; upgrade-insecure-requests", csp.build_policy(policy))
    assert.equal("default-src 'self'; script-src 'self' 'nonce-Zm9v'; style-src 'nonce-Zm9v'; upgrade-insecure-requests", csp.build_policy(policy, { nonce = "Zm9v" }))
    assert.equal("", csp.build_policy {})
    local err = assert.raises(function() csp.build_policy { ["default-src"] = { "a;b" } } end, "'a;b'")
    assert.is_true(exceptions.is(err, "ImproperlyConfigured"))
  end)

  it("takes every form of a directive", function()
    local wrap = csp.override { ["default-src"] = csp.SELF, ["img-src"] = { "*", csp.NONCE }, ["upgrade-insecure-requests"] = true, sandbox = false, ["font-src"] = {} }
    assert.equal("function", type(wrap(function() end)))
    assert.equal("function", type(csp.report_only_override {}))
  end)
end)

t.finish()
