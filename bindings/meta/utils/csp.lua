-- SPDX-License-Identifier: MIT
---@meta perilune.utils.csp

---The words of a Content-Security-Policy, and policies of single views.
---@class perilune.utils.csp
---@field HEADER_ENFORCE string name of the header field
---@field HEADER_REPORT_ONLY string name of the header field of policies that only report
---@field NONE string 'none'
---@field REPORT_SAMPLE string 'report-sample'
---@field SELF string 'self'
---@field STRICT_DYNAMIC string 'strict-dynamic'
---@field UNSAFE_EVAL string 'unsafe-eval'
---@field UNSAFE_HASHES string 'unsafe-hashes'
---@field UNSAFE_INLINE string 'unsafe-inline'
---@field WASM_UNSAFE_EVAL string 'wasm-unsafe-eval'
---@field NONCE string stands for 'nonce-…' with request.csp_nonce; left out when nobody used that
local M = {}

---@alias perilune.csp.Directives table<string, string[]|string|boolean>

---The text of a policy, as it is sent, its directives in the order of their names.
---Raises ImproperlyConfigured when a directive or value cannot stand in a policy.
---@param directives perilune.csp.Directives
---@param opts? { nonce: string } what `NONCE` stands for; without it that is left out
---@return string
function M.build_policy(directives, opts) end

---A wrapper that gives a view its own policy instead of `settings.secure_csp`; `{}` sends none.
---Raises ImproperlyConfigured when a directive or value cannot stand in a policy.
---@param directives perilune.csp.Directives
---@return fun(view: function): function
function M.override(directives) end

---The same instead of `settings.secure_csp_report_only`.
---@param directives perilune.csp.Directives
---@return fun(view: function): function
function M.report_only_override(directives) end

return M
