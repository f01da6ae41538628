/// The directives of ModSecurity's own configuration: what they set is built in or belongs to the gateway's file.
enum BaseDirective {
    /// Passes a directive that is met as it stands; anything else is an error.
    static func check(_ directive: SecLangDirective) throws(SecLangError) {
        let name = directive.name.lowercased()
        let value = directive.arguments.first?.text.lowercased() ?? ""
        if withoutEffect.contains(name) { return }
        if let met = required[name] {
            guard met.values.contains(value) else {
                throw SecLangError("\(directive.name) \(value) is not supported", remedy: met.remedy)
            }
            return
        }
        if name == "include" {
            throw SecLangError("rule files do not include others", remedy: "list the file in the configuration instead")
        }
        throw SecLangError(
            "the directive \(directive.name) is not known",
            remedy: "leave it out; what is not a rule is set in the gateway's configuration")
    }

    /// Logs, folders, names and limits of ModSecurity's process: the gateway has its own, and none of them lets more pass.
    private static let withoutEffect: Set<String> = [
        "seccomponentsignature", "seccollectiontimeout", "secauditengine", "secauditlog", "secauditlog2",
        "secauditlogdirmode", "secauditlogfilemode", "secauditlogformat", "secauditlogparts",
        "secauditlogrelevantstatus", "secauditlogstoragedir", "secauditlogtype", "secdebuglog", "secdebugloglevel",
        "sectmpdir", "secdatadir", "secuploaddir", "secuploadfilemode", "secuploadfilelimit", "secuploadkeepfiles",
        "sectmpsaveuploadedfiles", "secstatusengine", "secsensorid", "secwebappid", "secserversignature",
        "secpcrematchlimit", "secpcrematchlimitrecursion", "secrequestbodylimit", "secrequestbodynofileslimit",
        "secrequestbodyinmemorylimit", "secrequestbodyjsondepthlimit", "secargumentslimit", "secresponsebodylimit",
        "secresponsebodylimitaction", "secresponsebodymimetype", "secresponsebodymimetypesclear",
        "secresponsebodyaccess", "secunicodemapfile", "secguardianlog", "secruleperftime", "seccachetransformations",
    ]

    /// Directives whose stock value is what this engine does.
    private static let required: [String: (values: Set<String>, remedy: String)] = [
        "secruleengine": (["on"], "leave it out, and set `mode` in the gateway's configuration"),
        "secrequestbodyaccess": (["on"], "leave it out, and set `body.inspect` of the route"),
        "secrequestbodylimitaction": (["reject"], "leave it out, and set the limits in the gateway's configuration"),
        "secargumentseparator": (["&"], "leave it out: arguments are separated by &"),
        "seccookieformat": (["0"], "leave it out: cookies are read as version 0"),
        "secxmlexternalentity": (["off"], "leave it out: entities are always refused"),
        "secruleinheritance": (["on"], "leave it out"),
        "secdisablebackendcompression": (["off"], "leave it out"),
        "seccontentinjection": (["off"], "leave it out"),
        "secstreaminbodyinspection": (["off"], "leave it out"),
        "secstreamoutbodyinspection": (["off"], "leave it out"),
        "sechashengine": (["off"], "leave it out"),
    ]
}
