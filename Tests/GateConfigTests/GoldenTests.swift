import Foundation
import GateConfig
import GateSettings
import Testing

/// `Tests/Goldens/plan/<name>.golden`: a configuration, a line of dashes, and everything that is wrong with it.
///
/// What a listener alone says is left out of the input: each begins with one. `PORTCULLIS_REWRITE_GOLDENS=1` rewrites.
@Suite struct PlanGoldenTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Goldens/plan")
    static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path())) ?? [])
        .filter { $0.hasSuffix(".golden") }.sorted()
    static let divider = String(repeating: "-", count: 40) + "\n"

    @Test func thereAreGoldens() { #expect(Self.names.count >= 5) }

    @Test(arguments: names) func aConfigurationSaysWhatItsGoldenSays(name: String) throws {
        let url = Self.directory.appending(path: name)
        let parts = try String(contentsOf: url, encoding: .utf8).components(separatedBy: Self.divider)
        let loaded = compile(parts[0])
        let lines = loaded.diagnostics.map { $0.line + "\n" } + loaded.waivers.map { $0.line + "\n" }
        let actual = lines.joined() + (loaded.plan == nil ? "" : "good\n")
        if ProcessInfo.processInfo.environment["PORTCULLIS_REWRITE_GOLDENS"] == "1" {
            try (parts[0] + Self.divider + actual).write(to: url, atomically: true, encoding: .utf8)
        } else {
            #expect(actual == (parts.count > 1 ? parts[1] : ""), "\(name): make goldens rewrites it")
        }
    }
}
