-- SPDX-License-Identifier: MIT
-- The project of http_api.py: what views do with requests and responses, over a socket.
return {
  debug = false,
  secret_key = "only for tests: pq0w9e8r7t6y5u4i3o2p1a0s9d8f7g6h5j4",
  allowed_hosts = { "127.0.0.1", ".example.com" },
  root_urlconf = "urls",
  middleware = { "middleware.mark" },
  data_upload_max_number_fields = 20,
  data_upload_max_memory_size = 100000,
  file_upload_max_memory_size = 50000,
  json_max_depth = 8,
  file_upload_temp_dir = os.getenv "API_TEMP",
}
