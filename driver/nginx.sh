# nginx and the small API behind it: where the demo's traffic goes.

nginx_log() { echo "$WEIR_HOME/nginx/access.log"; }

# nginx_start KEYS: KEYS holds lines "API-KEY SUBSCRIPTION;".
nginx_start() {
  local prefix port upstream user=''
  port=$(port nginx) upstream=$(port upstream)
  step "a small API on 127.0.0.1:$upstream, behind nginx on 127.0.0.1:$port"
  launch upstream - "$WEIR_BIN/weir-demo-upstream" "127.0.0.1:$upstream"
  ready upstream 10 curl -fsS "http://127.0.0.1:$upstream/healthz"
  shared_folder nginx
  prefix=$(readlink -f "$WEIR_HOME/nginx")
  mkdir -p "$prefix/tmp"
  ((EUID == 0)) && user='user www-data;'
  echo "$1" >"$prefix/keys.map"
  sed -e "s|@PORT@|$port|; s|@UPSTREAM@|$upstream|; s|@USER@|$user|" \
    "$WEIR_ROOT/deploy/nginx/nginx.conf" >"$prefix/nginx.conf"
  touch "$prefix/access.log"
  launch nginx "$(cat "$prefix"/{nginx.conf,keys.map})" "$(nginx_program)" -p "$prefix" -c nginx.conf -e stderr
  ready nginx 10 curl -fsS "http://127.0.0.1:$port/nginx-health"
}

# Debian puts it into /usr/sbin, which is not on every user's PATH.
nginx_program() { PATH=$PATH:/usr/sbin command -v nginx; }
