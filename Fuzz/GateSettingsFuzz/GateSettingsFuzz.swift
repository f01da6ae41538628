import GateSettings

/// Any bytes as a main file, and as an included one: loading reports, it never traps, and what loads is canonical.
///
/// Files exist in memory alone.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSettings(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer lends `count` bytes at `start` for this call; they are copied.
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    var main = MemoryFiles(["gateway.yaml": .init("")])
    main.files["gateway.yaml"]?.bytes = bytes
    for name in ["tls/api.pem", "tls/api.key", "tls/ca.pem", "jwks.json", "admin.token"] {
        main.files[name] = .init("x")
    }
    check(ConfigurationLoader.load("gateway.yaml", from: main))

    main.files["gateway.yaml"] = .init("version: 1\ninclude: [part.yaml]\nlisteners: { a: { address: 127.0.0.1:1 } }\n")
    main.files["part.yaml"] = .init(text)
    check(ConfigurationLoader.load("gateway.yaml", from: main))
    return 0
}

/// Each problem has a line, and the canonical form of what loads is itself a configuration without new problems.
private func check(_ loaded: LoadedSettings) {
    for diagnostic in loaded.diagnostics { assert(!diagnostic.line.isEmpty) }
    for waiver in loaded.waivers { assert(!waiver.line.isEmpty) }
    guard let settings = loaded.settings else {
        assert(loaded.diagnostics.contains { $0.severity == .error })
        return
    }
    var again = MemoryFiles(["gateway.yaml": .init(settings.rendered.text())])
    for name in ["tls/api.pem", "tls/api.key", "tls/ca.pem", "jwks.json", "admin.token"] {
        again.files[name] = .init("x")
    }
    guard settings.include.isEmpty else { return }
    let reloaded = ConfigurationLoader.load("gateway.yaml", from: again)
    assert(reloaded.settings?.rendered == settings.rendered)
}
