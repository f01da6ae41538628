import Foundation

@testable import GateWAF

/// The Core Rule Set, where it is installed: Debian's version 3, and version 4 among the data of others.
enum InstalledRules: CaseIterable {
    case three
    case four

    /// Its files in their order, or nil with a counted line.
    var sources: [RuleSource]? {
        switch self {
        case .three:
            read(["/etc/modsecurity/crs/crs-setup.conf"], rules: "/usr/share/modsecurity-crs/rules")
        case .four:
            ProcessInfo.processInfo.environment["PORTCULLIS_TEST_DATA"].flatMap { data in
                read(["\(data)/crs-4.28.0/crs-setup.conf.example"], rules: "\(data)/crs-4.28.0/rules")
            } ?? skipped()
        }
    }

    /// Compiles it; nil where it is not installed.
    func compile(_ options: RuleSetOptions = RuleSetOptions(), problems: inout [RuleProblem]) -> RuleSet? {
        guard let sources else { return nil }
        return RuleSet.compile(sources, files: InstalledFiles(), options: options, problems: &problems)
    }

    private func read(_ setup: [String], rules: String) -> [RuleSource]? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: rules)) ?? []
        let paths = setup + names.filter { $0.hasSuffix(".conf") }.sorted().map { "\(rules)/\($0)" }
        let sources = paths.compactMap { path in
            FileManager.default.contents(atPath: path).map { RuleSource(path: path, bytes: Array($0)) }
        }
        return names.isEmpty ? skipped() : sources
    }

    private func skipped() -> [RuleSource]? {
        print("skipped: no data (Core Rule Set, version \(self))")
        return nil
    }
}

/// The files that installed rules name.
struct InstalledFiles: RuleFiles {
    func contents(of path: String) throws(RuleFileProblem) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw RuleFileProblem(message: "no such file")
        }
        return Array(data)
    }
}
