# The libraries we stand on, each with its reason. A new one goes here, into scripts/install-packages (Debian name), into
# cmake/nasbench.pc.in and cmake/nasbenchConfig.cmake.in (both for static linking), and into the table of ARCHITECTURE.md.
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson) # JSON
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)      # zip containers: torch archives
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)    # NNI's benchmark databases
find_package(ZLIB REQUIRED)                                 # deflate
find_package(BZip2 REQUIRED)                                # NATS-Bench files
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c) # NAS-Bench-101 records
find_program(NB_PROTOC_C protoc-c REQUIRED)                          # their reader, generated from src/ingest/*.proto
find_package(Threads REQUIRED)

set(NB_DEPENDENCIES PkgConfig::JANSSON PkgConfig::ZIP PkgConfig::SQLITE3 PkgConfig::PROTOBUF_C ZLIB::ZLIB BZip2::BZip2 Threads::Threads m)
