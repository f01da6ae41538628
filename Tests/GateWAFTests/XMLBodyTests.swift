import GateWAF
import Testing

@Suite struct XMLBodyTests {
    @Test func textAndAttributes() {
        let read = BodyFixture.xml(
            "<?xml version=\"1.0\"?>\n<a x=\"1\" y='2 &amp; 3'>t<b>u</b>\r\n <c z=\"&#x41;\"/>v<!--no--><![CDATA[<w>]]></a>"
        )
        #expect(read.problem == nil)
        #expect(read.table.pairs(.xml) == ["/*=tu\n v<w>", "//@*=1", "//@*=2 & 3", "//@*=A"])
        #expect(read.table.value(.reqbodyProcessor) == "XML")
        #expect(read.table.values(.args).isEmpty)
    }

    @Test func aDeclarationOfANamespaceIsNoAttribute() {
        let read = BodyFixture.xml("<s:a xmlns:s='u' xmlns='v' xmlnsx='w' s:b='x'/>")
        #expect(read.table.pairs(.xml) == ["/*=", "//@*=w", "//@*=x"])
    }

    @Test(arguments: [
        "<a>", "<a></b>", "a", "<a b=c/>", "<a/><b/>", "<a>&x;</a>", "<a b='1' b='2'/>", "<a>\u{1}</a>", "<a", " ",
        "<?xml version='2.0'?><a/>", "<a>&lt</a>",
    ])
    func whatIsNotWellFormedIsAProblem(text: String) {
        #expect(BodyFixture.xml(text).problem == .xmlSyntax)
    }

    @Test func entitiesAndDocumentTypesAreAProblem() {
        // attacks 59: entity bombs and external entities stop at the document type.
        let bomb = """
            <!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><b>&b;</b>
            """
        for text in [
            bomb, "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "<!DOCTYPE a><a/>",
            "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY % p SYSTEM 'http://h/'> %p;]><a/>",
        ] {
            let read = BodyFixture.xml(text)
            #expect(read.problem == .xmlDeclaration)
            #expect(read.table.bytes.count < 1000)
        }
    }

    @Test(arguments: ["utf-8", "UTF-8", "iso-8859-1", "us-ascii"])
    func encodingsThatContainASCIIAreRead(encoding: String) {
        let read = BodyFixture.xml("<?xml version='1.0' encoding='\(encoding)'?><a>x</a>")
        #expect(read.table.pairs(.xml) == ["/*=x"])
    }

    @Test(arguments: ["utf-16", "utf-7", "UTF-32", "shift_jis", "ibm037"])
    func otherEncodingsAreAProblem(encoding: String) {
        // attacks 59
        #expect(BodyFixture.xml("<?xml version='1.0' encoding='\(encoding)'?><a>x</a>").problem == .xmlEncoding)
    }

    @Test(
        arguments: [
            [0xFE, 0xFF, 0, 0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E], [0xFF, 0xFE, 0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E, 0],
            [0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E, 0], [0, 0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E],
        ] as [[UInt8]])
    func UTF16IsAProblemWithoutADeclaration(body: [UInt8]) {
        #expect(BodyFixture(body, type: "text/xml", as: .xml).problem == .xmlEncoding)
    }

    @Test(arguments: [(63, BodyProblem?.none), (64, nil), (65, .xmlDepth), (50_000, .xmlDepth)])
    func depthIsBounded(depth: Int, problem: BodyProblem?) {
        let text = String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        #expect(BodyFixture.xml(text).problem == problem)
    }

    @Test func whatCouldBeReadIsThereForTheRules() {
        #expect(BodyFixture.xml("<a b='attack'>text</c>").table.pairs(.xml) == ["/*=text", "//@*=attack"])
    }
}
