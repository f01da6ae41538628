import Foundation
import Testing

@testable import GateSettings

/// `Tests/Goldens/<name>.golden`: the configuration, a line of dashes, and what `check` says of it, its waivers, and,
/// where it loads, the settings that are not defaults.
///
/// Further files follow in the input behind lines `=== PATH`. `PORTCULLIS_REWRITE_GOLDENS=1` rewrites what is expected.
@Suite struct GoldenTests {
    static let directory = Repository.root.appending(path: "Tests/Goldens")
    static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path())) ?? [])
        .filter { $0.hasSuffix(".golden") }.sorted()

    @Test func thereAreGoldens() { #expect(Self.names.count >= 10) }

    @Test(arguments: names) func aConfigurationSaysWhatItsGoldenSays(name: String) throws {
        let url = Self.directory.appending(path: name)
        let golden = try Golden(String(contentsOf: url, encoding: .utf8))
        let actual = golden.outcome
        if Repository.isRewriting {
            try golden.text(expecting: actual).write(to: url, atomically: true, encoding: .utf8)
        } else {
            #expect(actual == golden.expected, "\(name): make goldens rewrites it")
        }
    }
}

/// Where the tests find the repository.
enum Repository {
    /// Its root.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// Whether expected files are rewritten instead of compared.
    static let isRewriting = ProcessInfo.processInfo.environment["PORTCULLIS_REWRITE_GOLDENS"] == "1"
}

/// One golden file.
struct Golden {
    static let divider = String(repeating: "-", count: 40)

    let input: String
    let expected: String

    init(_ text: String) {
        let parts = text.components(separatedBy: Self.divider + "\n")
        input = parts[0]
        expected = parts.count > 1 ? parts[1] : ""
    }

    func text(expecting actual: String) -> String { input + Self.divider + "\n" + actual }

    /// The files of the input, and those that every golden has: certificates, keys with several modes, a key set.
    var files: MemoryFiles {
        var files = MemoryFiles([
            "tls/api.pem": .init("certificate"), "tls/api.key": .init("key"), "tls/ca.pem": .init("authorities"),
            "tls/open.key": .init("key", status: .init(permissions: 0o644, owner: 1000, group: 1000)),
            "tls/it's open.key": .init("key", status: .init(permissions: 0o604, owner: 1000, group: 1000)),
            "tls/group.key": .init("key", status: .init(permissions: 0o640, owner: 1000, group: 1000)),
            "tls/service.key": .init("key", status: .init(permissions: 0o640, owner: 0, group: 1000)),
            "tls/wheel.key": .init("key", status: .init(permissions: 0o640, owner: 0, group: 0)),
            "tls/writable.key": .init("key", status: .init(permissions: 0o660, owner: 0, group: 1000)),
            "jwks.json": .init("{}"), "admin.token": .init("secret"),
        ])
        files.variables = ["ADMIN_TOKEN": "secret"]
        var name = "gateway.yaml"
        var text = ""
        for line in input.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line.hasPrefix("=== ") {
                files.files[name] = .init(text)
                name = String(line.dropFirst(4))
                text = ""
            } else {
                text += line + "\n"
            }
        }
        files.files[name] = .init(text)
        return files
    }

    /// What loading the input says.
    var outcome: String {
        let loaded = ConfigurationLoader.load("gateway.yaml", from: files)
        var out = loaded.diagnostics.map { $0.line + "\n" }.joined()
        out += loaded.waivers.map { $0.line + "\n" }.joined()
        if let settings = loaded.settings { out += settings.rendered.text(omittingDefaults: true) }
        return out
    }
}
