# The parts that Debian does not package, pinned by digest: Kafka's jars through Maven, DuckDB's
# library and header through npm. Each is fetched under a temporary name, verified, then moved; what
# is already there with the right digests is left alone.

digests_hold() { # FOLDER SUMS
  [[ -d $1 ]] && (cd "$1" && sha256sum --check --status "$2" 2>/dev/null)
}

kafka_setup() {
  local libs=$WEIR_PARTS/kafka/libs sums=$WEIR_ROOT/deploy/kafka/SHA256SUMS new
  if digests_hold "$libs" "$sums"; then step "Kafka: there and verified"; return; fi
  step "fetching Kafka 4.1.0 ($(wc -l <"$sums") jars) through Maven"
  mkdir -p "$WEIR_PARTS/kafka"
  rm -rf "$WEIR_PARTS"/kafka/fetching.*
  new=$(mktemp -d "$WEIR_PARTS/kafka/fetching.XXXXXX")
  quietly maven mvn -B -f "$WEIR_ROOT/deploy/kafka/pom.xml" \
    dependency:copy-dependencies -DoutputDirectory="$new"
  digests_hold "$new" "$sums" ||
    fail "$EXIT_DATA" "the jars in $new are not those of deploy/kafka/SHA256SUMS; not used"
  rm -rf "$libs"
  chmod 755 "$new"
  mv "$new" "$libs"
}

npm_file() { # PACKAGE FILE-IN-IT INTEGRITY TARGET
  local package=$1 file=$2 integrity=$3 target=$4 new digest
  step "fetching ${file##*/} of $package through npm"
  new=$(mktemp -d "$WEIR_PARTS/duckdb/fetching.XXXXXX")
  (cd "$new" && quietly npm npm pack "$package")
  digest=sha512-$(openssl dgst -sha512 -binary "$new"/*.tgz | base64 -w0)
  [[ $digest == "$integrity" ]] ||
    fail "$EXIT_DATA" "$package has the digest $digest, expected $integrity; not used"
  tar -xzf "$new"/*.tgz -C "$new" "$file"
  mkdir -p "$(dirname "$target")"
  mv "$new/$file" "$target"
  rm -rf "$new"
}

duckdb_setup() {
  local folder=$WEIR_PARTS/duckdb machine package file to integrity
  if digests_hold "$folder" "$WEIR_ROOT/deploy/duckdb/SHA256SUMS"; then
    step "DuckDB: there and verified"
    return
  fi
  [[ $(uname -m) == x86_64 ]] ||
    fail "$EXIT_UNAVAILABLE" "DuckDB is pinned for x86_64 alone (deploy/duckdb/packages.txt);" \
      "this machine is $(uname -m)"
  mkdir -p "$folder"
  rm -rf "$folder"/fetching.*
  while read -r machine package file to integrity; do
    grep -F "  $to" "$WEIR_ROOT/deploy/duckdb/SHA256SUMS" |
      (cd "$folder" && sha256sum --check --status 2>/dev/null) && continue
    npm_file "$package" "$file" "$integrity" "$folder/$to"
  done < <(sed -E '/^(#|$)/d' "$WEIR_ROOT/deploy/duckdb/packages.txt")
  digests_hold "$folder" "$WEIR_ROOT/deploy/duckdb/SHA256SUMS" ||
    fail "$EXIT_DATA" "what was unpacked into $folder is not what deploy/duckdb/SHA256SUMS says"
}
