-- SPDX-License-Identifier: MIT
-- A project with the example module; the test says where the build has put it.
return {
  allowed_hosts = { "*" },
  c_modules = { assert(os.getenv "PERILUNE_TEST_MODULES", "PERILUNE_TEST_MODULES is not set") .. "/hello.so" },
  hello_greeting = "Good morning",
  middleware = { "perilune.middleware.csp", "hello.stamp", "middleware.sees_stamp" },
  secure_csp = { ["script-src"] = { "'self'", "<CSP_NONCE_SENTINEL>" }, ["default-src"] = "'self'", ["upgrade-insecure-requests"] = true },
}
