import Foundation
import Testing

@testable import GateSettings

@Suite struct ReferenceTests {
    /// `docs/reference/configuration.md` is made from the schema; `PORTCULLIS_REWRITE_GOLDENS=1` writes it.
    @Test func theReferenceIsUpToDate() throws {
        let url = Repository.root.appending(path: "docs/reference/configuration.md")
        if Repository.isRewriting {
            try Settings.referencePage.write(to: url, atomically: true, encoding: .utf8)
        } else {
            let page = try String(contentsOf: url, encoding: .utf8)
            #expect(page == Settings.referencePage, "make goldens rewrites it")
        }
    }

    @Test func everyDocumentedDefaultIsTheDefault() {
        #expect(Settings.schemaProblems.isEmpty, "\(Settings.schemaProblems)")
    }

    @Test func everyKeyIsDocumentedInSentences() {
        for section in Settings.reference {
            #expect(section.summary.hasSuffix("."), "\(section.path)")
            for key in section.keys {
                #expect(key.text.hasSuffix("."), "\(section.path).\(key.key)")
                #expect(!key.text.contains("  "), "\(section.path).\(key.key)")
            }
            #expect(Set(section.keys.map(\.key)).count == section.keys.count, "\(section.path)")
        }
    }
}
