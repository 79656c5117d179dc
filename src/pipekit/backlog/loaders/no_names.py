"""Words that stand before a colon in notes and are nobody's name, in the languages in which notes reached us."""

from __future__ import annotations

__all__ = ["FIELDS", "MARKUP", "OPENERS", "TAGS"]

# What notes are made of. Words that are names, too (Mark, Price, Will, May), are left out.
_FIELDS = """
acceptance action actions addendum agenda agreed agreement agreements answer answers api apis appendix appointment
assignee assumption assumptions attachment attachments attendance attendees attention author background benefit
benefits blocked blocker blockers break breakfast budget bug bugs capacity caption cause caution cc challenge
challenges channel chapter chat column comment comments conclusion conclusions conditions constraint constraints
contact context cost costs criteria date day days deadline deadlines decided decision decisions definition deliverable
deliverables dependencies dependency deployment description design detail details dinner discussion dod done dor due
duration edit effort email e-mail epic error estimate estimates eta event example examples excused expected fact facts
faq feature features feedback file files finding findings fix fixed follow-up followup format fyi goal goals hint http
https hypothesis id idea ideas impact important improvement improvements info information input intro introduction
issue issues item items kind kpi kpis label language learning learnings lesson lessons license link links list
location logistics lunch main meeting meetings metric metrics milestone milestones minutes mission mitigation
motivation name names nb nota notetaker notice note notes number objective objectives observation observations
off-topic opportunity option options organizer organiser outcome outcomes outlook output overview owner owners p.s
page parked participants party password phase phone place plan plans point points precondition present prio priorities
priority problem problems process product progress project projects proposal proposals ps purpose question questions
rationale re reason reasons recap recommendation recommendations recording ref reference references refs regrets
rejected release releases remark remarks reminder report reporter requirement requirements resolution resource
resources result results retro retrospective review risk risks role roles room rule rules scenario scenarios schedule
scope section severity size slide slides solution solutions source sources spike sprint stakeholder stakeholders
standup stand-up start status step steps story stories strengths subject subtotal suggestion suggestions summary tag
tags target task tasks tbc tbd team teams test tests theme ticket tickets time timebox timeline times timing tip tips
title tl;dr tldr todo todos to-do tool tools topic topics total type update updates url urls value velocity venue
version via video vision vote votes warning weaknesses website week win wins workaround workshop wrap-up

abnahmekriterien abwesend achtung akzeptanzkriterien anmerkung anmerkungen antwort antworten anwesend anwesende
aufgabe aufgaben aufwand beginn bedingungen beispiel bemerkung beschluss beschlüsse betreff dauer datum ende
entscheidung entscheidungen entschieden entschuldigt ergebnis ergebnisse fazit frage fragen frist grund gründe hinweis
hinweise idee ideen kosten kriterien lösung lösungen maßnahme maßnahmen nächste notiz notizen ort priorität probleme
projekt protokoll protokollant protokollantin risiko risiken schritte sonstiges tagesordnung teilnehmende teilnehmer
teilnehmerinnen termin termine thema themen titel tops uhrzeit vorschlag wichtig ziel ziele zusammenfassung

aanwezig aanwezigen acceptatiecriteria actie actiepunten acties afspraak afspraken afwezig antwoorden antwoord besluit
besluiten deelnemers doel doelen kosten locatie notulen notulist onderwerp onderwerpen oplossing opmerking opmerkingen
plaats probleem problemen reden risico risico's samenvatting tijd tijdstip verslag volgende vervolg voorbeeld voorstel
vraag vragen

absents budget décision décisions délai exemple heure lieu objectif objectifs objet participantes présentes présents
problème prochaines projet question remarque remarques responsable risque risques réponse résumé sujet sujets titre
échéance

acción acciones acuerdo acuerdos asistentes asunto ausentes decisión decisiones ejemplo estado fecha hora lugar nota
notas objetivo objetivos participantes plazo pregunta preguntas presentes presupuesto problema proyecto próximos
resumen respuesta riesgo riesgos tema temas título

azione azioni data decisione decisioni domanda domande luogo nota obiettivo ora oggetto partecipanti progetto
riassunto rischio scadenza

бюджет важно вопрос вопросы время дата задача задачи заметка итог итоги место повестка примечание решение решения срок
тема участники цель

主持人 主题 主題 主旨 予算 会議 会议 备注 備考 備註 决定 决议 出席者 出席 参加者 参会人 参会人员 參加者 地点 地點 场所
場所 宿題 待办 待辦 截止日期 時間 时间 期限 日期 日時 日付 注意 目标 目標 目的 結果 結論 结果 结论 締切 行动 行動 补充
補足 記錄 議事録 議題 议题 记录 課題 论点 論点 費用 质疑 问题 問題 预算 預算 メモ タイトル テーマ

결과 결론 결정 날짜 마감일 메모 목표 비고 시간 안건 예산 일시 장소 주제 질문 참석자

الأهداف الاجتماع التاريخ الحضور القرار القرارات المكان المهام الموضوع الموعد الميزانية الوقت ملاحظة ملاحظات

תאריך שעה מקום נושא החלטה החלטות הערה הערות משימות נוכחים תקציב
"""

# What opens a sentence or a clause; again without those that are names (Dan, Ed, Per, Una).
_OPENERS = """
a about actually after afterwards again all already also although always and another any anybody anyone anything
anyway are as ask at because been before being basically both but by can could currently did do does during each e.g
eg earlier either else even every everybody everyone everything exactly finally first for from further get gets give
good got had has have he hello her here hey hi his how however i i'm i’m i'd i'll i've i.e ie if in indeed instead
into is it it's it’s its just keep last later least let let's let’s lets like maybe me meaning means meanwhile might
more most mostly much must my never next no nobody none not nothing now obviously of often ok okay on once one only
onto open or other others otherwise our out over overall please possibly previously probably rather really remember
said same say says second see several she should since so some somebody someone something soon still such sure thank
thanks that that's that’s the their them then there therefore these they they're third this those though three thus to
today together tomorrow tonight two under until up us usually very was way we we'll we're we’re we've well were what
what's when where whether which while who whoever whole why with within without would yes yesterday yet you you're
you’re your yours

aber alle als also am auch auf aus bei bis da dabei damit dann das dass dein dem den denn der des deshalb die dies
diese dieser dieses doch du durch ein eine einem einen einer er erstens es euch fürs für gut hallo hat heute hier ich
ihr immer ist ja jeder jetzt kein keine können mein mit morgen müssen nach nein nicht noch nun nur oder offen offene
schon sehr sein sich sie sind so sollte trotzdem um und uns unser unsere vom von vor warum was weil weiter welche wenn
wer wie wieder wir wird wo zu zuerst zum zur zweitens

aan al alles als bij dat de deze die dit door dus een eerst en er geen gisteren goed het hij hoe hun ik in is ja je
jij jullie kan maar met mijn moet morgen naar nee niet nog nu of om omdat ook ons op over straks te tot uit van
vandaag voor waar waarom wanneer wat we welke wie wij wordt ze zij zo

au aussi avec car ce cette ces comme dans demain des donc du elle elles en est et il ils je la le les leur lui mais
non nous on ou où oui par parce pas pour pourquoi qu que qui quoi sa sans se ses sur un une vous

ahora al aquí así aunque como con cuando de del el ella ellos en entonces es esta este esto hay hoy la las lo los
mañana más no nosotros para pero por porque que quién se sin sobre su también un usted y ya yo él

anche che ci come con e gli ho il io loro ma ne noi non perché più quando quindi questo se siamo sono un è

а в вы где да для его если есть ещё и из или их как когда кто мы на не нет но о он она они потому почему сегодня так
там то тогда ты что это я
"""

# In brackets at the beginning of a line.
_TAGS = """
api applause backend blocked crosstalk db doc docs foreign frontend inaudible infra laughing laughs laughter music noise
optional p0 p1 p2 p3 pause redacted sic silence ui unclear urgent wip x
"""

#: Labels of parts of notes.
FIELDS = frozenset(_FIELDS.split())
#: First words of sentences and clauses.
OPENERS = frozenset(_OPENERS.split())
#: What is said of a line, or heard, and by nobody.
TAGS = frozenset(_TAGS.split())
#: Elements of web pages.
MARKUP = frozenset("a b body br code div em h1 h2 h3 head hr html i img li ol p pre s span table td th tr u ul".split())  # noqa: SIM905
