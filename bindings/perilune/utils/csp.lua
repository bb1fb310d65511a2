-- SPDX-License-Identifier: MIT
-- Content-Security-Policy: the words of policies, and policies of single views.
--
--     secure_csp = { ["default-src"] = { csp.SELF }, ["script-src"] = { csp.SELF, csp.NONCE } }
--     path("map/", csp.override { ["default-src"] = { csp.SELF, "https://tiles.example" } }(map))
--
-- `request.csp_nonce` is the nonce of a request; csp.NONCE stands for it in a policy.
local native = require "perilune._csp"

local M = {
  HEADER_ENFORCE = "Content-Security-Policy",
  HEADER_REPORT_ONLY = "Content-Security-Policy-Report-Only",
  NONE = "'none'",
  REPORT_SAMPLE = "'report-sample'",
  SELF = "'self'",
  STRICT_DYNAMIC = "'strict-dynamic'",
  UNSAFE_EVAL = "'unsafe-eval'",
  UNSAFE_HASHES = "'unsafe-hashes'",
  UNSAFE_INLINE = "'unsafe-inline'",
  WASM_UNSAFE_EVAL = "'wasm-unsafe-eval'",
  NONCE = native.NONCE,
}

local function wrapper(report_only, directives)
  local policy = native.policy(directives)
  return function(view)
    return function(request, params)
      return native.mark(report_only, policy, request, view(request, params))
    end
  end
end

--- The text of a policy, as it is sent. opts.nonce: what csp.NONCE stands for, which is left
--- out without it.
function M.build_policy(directives, opts)
  return native.build(directives, opts and opts.nonce)
end

--- The view's own policy instead of settings.secure_csp; {} sends none.
function M.override(directives)
  return wrapper(false, directives)
end

--- The view's own policy instead of settings.secure_csp_report_only; {} sends none.
function M.report_only_override(directives)
  return wrapper(true, directives)
end

return M
